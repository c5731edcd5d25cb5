import { describe, expect, it } from 'vitest';
import { bytesOf, MetricHistory } from '../../../lambdas/monitoring/history.ts';

const MINUTE = 60_000;

describe('a position in the WAL', () => {
  it.each([
    ['0/0', 0],
    ['0/FF', 255],
    ['1/0', 2 ** 32],
    ['2A/10', 42 * 2 ** 32 + 16],
  ])('in the form %s stands for %i bytes', (position, bytes) => {
    expect(bytesOf(position)).toBe(bytes);
  });
});

describe('the metric history', () => {
  it('shows no growth before its samples span ten minutes', () => {
    const memory = new MetricHistory();
    expect(memory.growthPerHour()).toBeUndefined();
    memory.keep({ at: 0, position: 0, keptBytes: 0 });
    memory.keep({ at: 9 * MINUTE, position: 0, keptBytes: 900 });
    expect(memory.growthPerHour()).toBeUndefined();
    memory.keep({ at: 10 * MINUTE, position: 0, keptBytes: 1_000 });
    expect(memory.growthPerHour()).toBe(6_000);
  });

  it('uses the last hour only', () => {
    const memory = new MetricHistory();
    for (let minute = 0; minute <= 120; minute += 1) {
      memory.keep({ at: minute * MINUTE, position: 0, keptBytes: minute < 60 ? minute * 1_000_000 : 60_000_000 });
    }
    expect(memory.growthPerHour()).toBe(0);
  });

  it('knows when the WAL last ended before a position, or at least since when it did not', () => {
    const memory = new MetricHistory();
    expect(memory.lastSeenBefore(10)).toBeUndefined();
    for (const minute of [1, 2, 3]) memory.keep({ at: minute * MINUTE, position: minute * 100, keptBytes: 0 });
    expect(memory.lastSeenBefore(250)).toBe(2 * MINUTE);
    expect(memory.lastSeenBefore(300)).toBe(3 * MINUTE);
    expect(memory.lastSeenBefore(50)).toBe(1 * MINUTE);
  });

  it('counts errors between samples, and from zero after a reset of statistics', () => {
    const memory = new MetricHistory();
    expect([7, 7, 9, 2].map((total) => memory.errorsSince(total))).toEqual([undefined, 0, 2, 0]);
  });

  it('is emptied when another stream is current', () => {
    const memory = new MetricHistory();
    memory.turnTo('forward');
    memory.keep({ at: 0, position: 0, keptBytes: 0 });
    memory.errorsSince(1);
    memory.turnTo('forward');
    expect(memory.lastSeenBefore(0)).toBe(0);
    memory.turnTo('reverse');
    expect(memory.lastSeenBefore(0)).toBeUndefined();
    expect(memory.errorsSince(3)).toBeUndefined();
  });
});
