import { describe, expect, it } from 'vitest';
import { progressOf } from '../../../../lambdas/replication/copy/progress.ts';
import { copying, sourceTable, targetTable } from './copies.ts';

describe('the progress of a copy', () => {
  it('is counted against the publication, not against the subscription', () => {
    const source = [sourceTable('known'), sourceTable('unknown')];
    expect(progressOf(source, [targetTable('known'), targetTable('left over')])).toMatchObject({ tables: 2, ready: 1, percent: 50 });
  });

  it('counts a table in flight by its share of rows', () => {
    const source = [sourceTable('big', { bytes: 9_000, estimatedRows: 1_000 }), sourceTable('small', { bytes: 1_000 })];
    expect(progressOf(source, [copying('big', 500), targetTable('small')])).toMatchObject({
      bytesDone: 5_500,
      bytesTotal: 10_000,
      rowsDone: 600,
      percent: 55,
      inFlight: [{ table: 'public.big', rows: 500, percent: 50 }],
    });
  });

  it('goes by size where reltuples is unknown, and never shows a copy in flight as complete', () => {
    const unanalyzed = sourceTable('new', { bytes: 100, estimatedRows: -1 });
    expect(progressOf([unanalyzed], [copying('new', 5, 40)])).toMatchObject({ percent: 40 });
    expect(progressOf([unanalyzed], [copying('new', 5, 400_000)])).toMatchObject({ percent: 99 });
  });

  it('is complete only when every table is ready', () => {
    expect(progressOf([sourceTable('one')], [targetTable('one', { state: 's' })])).toMatchObject({ ready: 0, catchingUp: 1 });
    expect(progressOf([], [])).toMatchObject({ percent: 100 });
  });

  it('stays small for any number of tables in flight, and keeps the largest', () => {
    const names = Array.from({ length: 5_000 }, (_, number) => `table ${number}`);
    const shown = progressOf(
      names.map((name) => sourceTable(name)),
      names.map((name, number) => copying(name, 1, number)),
    ).inFlight;
    expect(shown).toHaveLength(10);
    expect(shown[0]).toMatchObject({ table: 'public.table 4999' });
  });
});
