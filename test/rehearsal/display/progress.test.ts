import { describe, expect, it } from 'vitest';
import { type Canvas, drawProgress } from '../../../rehearsal/display/progress.ts';
import type { Visited } from '../../../rehearsal/machines/execution.ts';
import { FunctionError } from '../../../rehearsal/machines/local-function.ts';

const draw = (canvas: Omit<Canvas, 'write'>): string => {
  let text = '';
  const progress = drawProgress({ ...canvas, write: (more) => (text += more) });
  const visited = (visits: number, seconds: number, outcome: Visited['outcome']) =>
    progress.visited({ machine: 'Replicate', step: 'AwaitCopy', visits, seconds, outcome });
  const pending = {
    verdict: 'pending',
    nextPollSeconds: 15,
    since: '',
    evidence: { tablesReady: 3, copiedBytes: 12_300_000, list: [1] },
  } as const;
  progress.visiting('Replicate', 'AwaitCopy');
  visited(1, 0.5, pending);
  visited(2, 1, new FunctionError('TransientError', 'The connection failed.'));
  visited(3, 11, pending);
  visited(4, 12, pending);
  visited(5, 13.25, { ...pending, verdict: 'done' });
  progress.ended({
    name: 'Replicate',
    execution: 'rehearsal-1',
    status: 'FAILED',
    startedAt: 0,
    seconds: 14,
    transitions: 9,
    states: [],
    failure: { error: 'NotReady', cause: 'One thing stands in the way.' },
    evidence: {},
    findings: [],
  });
  progress.clear();
  return text;
};

describe('the progress output', () => {
  it('is plain lines on a pipe, one for each state and a reminder for a long one', () => {
    expect(draw({})).toMatchInlineSnapshot(`
      "Replicate  AwaitCopy                11.0 s  tables ready 3, copied bytes 12.3 MB
      Replicate  AwaitCopy                13.3 s  done after 5 visits
      Replicate                           14.0 s  failed
      "
    `);
  });

  it('draws lines below on a terminal, never wider than that, and takes them away at the end', () => {
    const text = draw({ isTTY: true, columns: 70 });
    for (const part of text.split(/\r|\n/)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal are what is taken out
      expect(part.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').length).toBeLessThan(70);
    }
    expect(text).toContain('failed');
  });

  /** Workers of one step, each pending once and then done. */
  const work = (canvas: Omit<Canvas, 'write'>, of: number): string => {
    let text = '';
    const progress = drawProgress({ ...canvas, write: (more) => (text += more) });
    const numbers = Array.from({ length: of }, (_, index) => index + 1);
    const evidence = { parts: 40, done: 7, bytesASecond: 51_000_000, secondsLeft: null, at: 1_764_000_000_000 };
    const result = { verdict: 'pending', nextPollSeconds: 1, since: '', evidence } as const;
    for (const seconds of [0.5, 12, 13])
      for (const number of numbers) {
        const worker = { number, of };
        progress.visiting('Replicate', 'CopyParts', worker);
        const outcome = seconds === 13 ? ({ ...result, verdict: 'done' } as const) : result;
        progress.visited({ machine: 'Replicate', step: 'CopyParts', worker, visits: 3, seconds, outcome });
      }
    return text;
  };

  it('names a worker by its number, and reminds once of all', () => {
    expect(work({}, 3)).toMatchInlineSnapshot(`
      "Replicate  CopyParts 1              12.0 s  parts 40, done 7, bytes a second 51.0 MB
      Replicate  CopyParts 1              13.0 s  done after 3 visits
      Replicate  CopyParts 2              13.0 s  done after 3 visits
      Replicate  CopyParts 3              13.0 s  done after 3 visits
      "
    `);
  });

  it('tells the ends of many workers together on a pipe', () => {
    expect(work({}, 200)).toMatchInlineSnapshot(`
      "Replicate  CopyParts 1              12.0 s  parts 40, done 7, bytes a second 51.0 MB
      Replicate  CopyParts                13.0 s  done, all 200 workers
      "
    `);
  });
});
