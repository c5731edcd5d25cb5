import { describe, expect, it } from 'vitest';
import { certainCause, stall } from '../../../../lambdas/replication/copy/diagnosis.ts';
import { copying, MINUTE, sourceTable, symptoms, targetTable, workers } from './copies.ts';

const { history, watch } = symptoms();
const failing = workers({ syncErrors: 50 });

describe('a certain cause of a stalled copy', () => {
  it.each([
    ['a missing right', { source: [sourceTable('big', { readable: false })] }, 'may not read public.big'],
    ['a policy', { source: [sourceTable('big', { filtered: true })] }, 'row-level security'],
    ['rows that were there before', { occupied: [{ schema: 'public', table: 'big' }] }, 'held rows before the copy'],
  ])('is reported: %s', (_, changes, words) => {
    expect(certainCause(symptoms(changes))?.cause).toContain(words);
  });

  it('is not reported for tables that are copied', () => {
    const source = [sourceTable('big', { readable: false, filtered: true })];
    expect(certainCause(symptoms({ source, target: [targetTable('big')] }))).toBeUndefined();
  });
});

describe('the diagnosis of a stalled copy', () => {
  it.each([
    ['a time limit', { workers: failing, timeLimits: ['statement_timeout=60s', 'lock_timeout=0'] }, 'statement_timeout=60s for'],
    ['workers that are all taken', { workers: workers({ applying: false, workers: 4 }) }, 'all 4 logical replication workers'],
    ['a connection that is gone', { history: { ...history, slot: undefined } }, 'not connected'],
    [
      'a lock',
      { waiting: [{ blockedBy: 'process 7 (psql)', holder: '7 now', side: 'source' as const }] },
      'on the source that is held by process 7 (psql)',
    ],
    ['errors of which only the log knows', { workers: failing }, 'counted 50 errors'],
    ['an unknown reason without errors', {}, 'neither side reports an error'],
  ])('gives as cause %s', (_, changes, words) => {
    expect(stall(symptoms(changes))?.cause).toContain(words);
  });

  it.each([
    ['few visits', { watch: { ...watch, idleVisits: 4 } }],
    ['a short time', { now: 9 * MINUTE }],
    ['a few errors, as a restart causes them', { watch: { ...watch, idleVisits: 0 }, workers: workers({ syncErrors: 4 }) }],
    ['many errors within a short time', { now: 9 * MINUTE, workers: failing }],
  ])('is not given after %s', (_, changes) => {
    expect(stall(symptoms(changes))).toBeUndefined();
  });

  it('is given when copies start over, though rows arrive', () => {
    expect(stall(symptoms({ watch: { ...watch, idleVisits: 0 }, workers: failing }))?.cause).toContain('counted 50 errors');
  });

  it('is given at once, with the table, when the target grows past the source', () => {
    const target = [copying('big', 10, 200 * 1024 * 1024)];
    const moving = { now: MINUTE, watch: { ...watch, idleVisits: 0 }, target };
    expect(stall(symptoms({ ...moving, workers: workers({ syncErrors: 1 }) }))?.cause).toContain('grown past the source');
    expect(stall(symptoms(moving))).toBeUndefined();
  });
});
