import { describe, expect, it } from 'vitest';
import { keepWatch, readWatch, recentErrors, secondsLeft } from '../../../../lambdas/replication/copy/progress-tracker.ts';
import { copying, MINUTE, progress, targetTable, workers } from './copies.ts';

describe('the progress tracker of a copy', () => {
  const first = keepWatch(undefined, progress([copying('big', 10)]), workers({ syncErrors: 7 }), 0);

  it('is restored from JSON, and from nothing else', () => {
    expect(readWatch(JSON.parse(JSON.stringify({ watch: first })))).toEqual(first);
    for (const other of [undefined, null, 5, {}, { watch: null }, { watch: { ...first, movedAt: 'yesterday' } }]) {
      expect(readWatch(other)).toBeUndefined();
    }
  });

  it('counts visits without progress, and resets when rows arrive', () => {
    const still = keepWatch(first, progress([copying('big', 10)]), workers(), MINUTE);
    expect(still).toMatchObject({ idleVisits: 1, movedAt: 0 });
    expect(keepWatch(still, progress([copying('big', 11)]), workers(), 2 * MINUTE)).toMatchObject({ idleVisits: 0, movedAt: 2 * MINUTE });
  });

  it('counts rows as progress even beyond the estimate', () => {
    const beyond = keepWatch(first, progress([copying('big', 100_000)]), workers(), MINUTE);
    expect(keepWatch(beyond, progress([copying('big', 100_001)]), workers(), 2 * MINUTE)).toMatchObject({ idleVisits: 0 });
  });

  it('does not count what a copy that started over had before', () => {
    const broken = keepWatch(first, progress([copying('big', 2)]), workers(), MINUTE);
    expect(keepWatch(broken, progress([copying('big', 9)]), workers(), 2 * MINUTE)).toMatchObject({ idleVisits: 2, movedAt: 0 });
  });

  it('counts a table that catches up as progress', () => {
    const finished = keepWatch(first, progress([targetTable('big', { state: 'f' })]), workers({ catchUpPosition: 5 }), MINUTE);
    const on = keepWatch(finished, progress([targetTable('big', { state: 'f' })]), workers({ catchUpPosition: 6 }), 2 * MINUTE);
    expect(on).toMatchObject({ idleVisits: 0, movedAt: 2 * MINUTE, passedAt: MINUTE });
  });

  it('counts errors since a table last passed a state, whatever came before', () => {
    expect(recentErrors(first, workers({ syncErrors: 7 }))).toBe(0);
    const later = keepWatch(first, progress([copying('big', 10)]), workers({ syncErrors: 8, applyErrors: 2 }), MINUTE);
    expect(recentErrors(later, workers({ syncErrors: 8, applyErrors: 2 }))).toBe(3);
    const reset = keepWatch(later, progress([copying('big', 10)]), workers({ syncErrors: 1 }), 2 * MINUTE);
    expect(recentErrors(reset, workers({ syncErrors: 2 }))).toBe(1);
  });

  it('estimates the time left from the speed so far, and gives none without progress', () => {
    expect(secondsLeft(first, progress([copying('big', 10)]), MINUTE)).toBeNull();
    // From 100 to 400 of 1,000 bytes in 60 seconds: the other 600 take twice as long.
    expect(secondsLeft(first, progress([copying('big', 40)]), MINUTE)).toBe(120);
  });
});
