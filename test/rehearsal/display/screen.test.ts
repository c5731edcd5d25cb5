import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { bar, sparkline } from '../../../rehearsal/display/bars.ts';
import { cutTo, hanging, plainText, screenOf } from '../../../rehearsal/display/screen.ts';
import { figuresIn, workIn } from '../../../rehearsal/display/work.ts';

const canvas = { write() {} };
const terminal = { ...canvas, isTTY: true, columns: 80 };

describe('a screen', () => {
  it.each([
    ['a terminal', terminal, {}, { live: true, coloured: true }],
    ['a terminal where colours are not wanted', terminal, { NO_COLOR: '1' }, { live: true, coloured: false }],
    ['a terminal that can do nothing', terminal, { TERM: 'dumb' }, { live: false, coloured: false }],
    ['a pipe', canvas, {}, { live: false, coloured: false }],
    ['a pipe where colours are wanted', canvas, { FORCE_COLOR: '1' }, { live: false, coloured: true }],
    ['a terminal where they are refused', terminal, { FORCE_COLOR: '0' }, { live: true, coloured: false }],
  ])('of %s', (_of, on, environment, { live, coloured }) => {
    const screen = screenOf(on, environment);
    expect(screen.isLive).toBe(live);
    expect(screen.colour.red('x') !== 'x').toBe(coloured);
  });

  it('has as many columns as its terminal, some at least, and no end on a pipe', () => {
    expect(screenOf(terminal).columns()).toBe(80);
    expect(screenOf({ ...terminal, columns: 3 }).columns()).toBe(30);
    expect(screenOf(canvas).columns()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a text', () => {
  it('holds nothing that a terminal would obey', () => {
    expect(plainText('a\u001b[2Jb\u0007c\u202ed\nе\u009b31m')).toBe('a\ufffd[2Jb\ufffdc\ufffdd е\ufffd31m');
  });

  it('is cut to a width by what is seen, not by its length', () => {
    expect(cutTo(10, 'short')).toBe('short');
    expect(cutTo(6, 'longer text')).toBe('longe…');
    for (const text of ['表表表表表表表表', '👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 'e\u0301'.repeat(20)])
      expect(stringWidth(cutTo(7, text))).toBeLessThanOrEqual(7);
  });

  it('is wrapped below its own beginning, or below its label where there is no room', () => {
    expect(hanging(40, 'Moved    ', 'one two three four five six seven eight')).toBe(
      'Moved    one two three four five six\n         seven eight',
    );
    expect(hanging(30, 'A label that is long    ', 'one two')).toBe('A label that is long\n  one two');
    expect(hanging(Number.POSITIVE_INFINITY, 'Moved    ', 'x '.repeat(200))).not.toContain('\n');
  });
});

describe('a drawing', () => {
  it.each([
    [0, '░░░░'],
    [0.5, '██░░'],
    [0.53, '██▏░'],
    [1, '████'],
    [7, '████'],
    [-1, '░░░░'],
  ])('of %d of the whole is a bar', (share, drawn) => {
    expect(bar(share, 4)).toBe(drawn);
  });

  it('of a rate shows a pause as the lowest level, and the last values alone', () => {
    expect(sparkline([9, 100, 200, 0, 1, 200], 5)).toBe('▅█▁▂█');
    expect(sparkline([0, 0], 5)).toBe('▁▁');
    expect(sparkline([], 5)).toBe('');
  });
});

describe('the work of a step', () => {
  it('is measured in bytes where its evidence has them, of either way of copying', () => {
    expect(workIn({ bytesDone: 5, bytesTotal: 20, secondsLeft: 3 })).toEqual({ done: 5, of: 20, unit: 'bytes', secondsLeft: 3 });
    expect(workIn({ bytesDone: 5, bytes: 10, secondsLeft: null })).toEqual({ done: 5, of: 10, unit: 'bytes', secondsLeft: null });
  });

  it('is counted where statements are carried out', () => {
    const kinds = { index: { done: 2, running: 1, failed: 0, open: 3 }, check: { done: 1, running: 0, failed: 0, open: 0 } };
    expect(workIn({ kinds })).toEqual({ done: 3, of: 7, unit: 'count', secondsLeft: null });
  });

  it.each([[null], [{}], [{ bytesDone: 0, bytesTotal: 0 }], [[1]], ['text']])('is unknown in %j', (evidence) => {
    expect(workIn(evidence)).toBeUndefined();
  });

  it('is told in the words of the step', () => {
    expect(figuresIn({ tablesReady: 3, copiedBytes: 12_300_000, at: 1, list: [1], branch: 'main' })).toBe(
      'tables ready 3, copied bytes 12.3 MB, branch main',
    );
  });
});
