import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../lambdas/config/json.ts';
import {
  type Failures,
  failuresAsJson,
  failuresCounted,
  isFailing,
  keepFailures,
  readFailures,
} from '../../../../lambdas/replication/copy/failures.ts';
import { copying, MINUTE, targetTable, workers } from './copies.ts';

const failing = targetTable('bad', { state: 'd' });
const healthy = { ...copying('good', 10), workerSeconds: 3_600 };
const world = { servers: 1, connected: true, tables: [failing, healthy] };
/** Visits a quarter of a minute apart, with the errors counted at each. */
const visits = (syncErrors: readonly number[], changes: Partial<typeof world> = {}, applyErrors = 0): Failures =>
  syncErrors.reduce<Failures | undefined>(
    (before, sync, visit) =>
      keepFailures(before, workers({ syncErrors: sync, applyErrors }), { ...world, ...changes }, (visit * MINUTE) / 4),
    undefined,
  ) as Failures;

describe('the detection of repeated errors (#11)', () => {
  it('reports a stream as failing after a minute, and names the tables whose copy starts over', () => {
    expect(isFailing(visits([7, 9, 11, 13]))).toBe(false);
    const after = visits([7, 9, 11, 13, 15]);
    expect(isFailing(after)).toBe(true);
    expect(failuresCounted(after)).toBe(8);
    expect(after.suspects).toEqual([{ schema: 'public', table: 'bad' }]);
  });

  it('ignores errors that one visit did not see, or from before a restart or a reset of statistics', () => {
    expect(isFailing(visits([7, 9, 11, 13, 13]))).toBe(false);
    const restarted = keepFailures(visits([7, 9, 11, 13, 15]), workers({ syncErrors: 17 }), { ...world, servers: 2 }, 2 * MINUTE);
    expect(isFailing(restarted)).toBe(false);
    expect(isFailing(keepFailures(visits([7, 9, 11, 13, 15]), workers({ syncErrors: 1 }), world, 2 * MINUTE))).toBe(false);
  });

  it('ignores errors of copies while the target is not connected, and counts those of received changes', () => {
    expect(isFailing(visits([7, 9, 11, 13, 15, 17], { connected: false }))).toBe(false);
    const applying = [0, 2, 4, 6, 8, 10].reduce<Failures | undefined>(
      (before, applyErrors, visit) => keepFailures(before, workers({ applyErrors }), { ...world, connected: false }, (visit * MINUTE) / 4),
      undefined,
    );
    expect(applying && isFailing(applying)).toBe(true);
  });

  it('names no table that makes progress or has only just started over', () => {
    const young = { ...copying('young', 10), workerSeconds: 5 };
    const first = keepFailures(visits([7]), workers({ syncErrors: 9 }), { ...world, tables: [failing, healthy, young] }, MINUTE / 4);
    expect(first.suspects.map(({ table }) => table)).toEqual(['bad', 'young']);
    const then = keepFailures(
      first,
      workers({ syncErrors: 11 }),
      { ...world, tables: [failing, healthy, { ...young, workerSeconds: 20 }] },
      MINUTE / 2,
    );
    expect(then.suspects.map(({ table }) => table)).toEqual(['bad']);
  });

  it('restores its state from the evidence, and validates all of it', () => {
    const kept = visits([7, 9]);
    expect(readFailures({ failures: failuresAsJson(kept) } as Json)).toEqual(kept);
    for (const other of [undefined, null, {}, { failures: {} }, { failures: { ...kept, suspects: 'x' } }])
      expect(readFailures(other as Json)).toBeUndefined();
  });
});
