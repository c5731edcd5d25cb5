import { describe, expect, it } from 'vitest';
import { advance, finish, nextTable, type Progress, resume, within } from '../../../lambdas/comparison/progress.ts';
import { differenceMessage } from '../../../lambdas/comparison/report.ts';
import { rowsPerRange } from '../../../lambdas/comparison/table.ts';
import type { Json } from '../../../lambdas/config/json.ts';

const nothing = { rows: 1, different: [], moving: 0, next: null, reason: null };
const named = (table: string, schema = 'public') => ({ schema, table, bytes: 8 });
const kept = (progress: Progress): Progress => resume(JSON.parse(JSON.stringify(progress)) as Json);

describe('the progress of a comparison', () => {
  it('takes every table once, in the order of names, whatever is added or dropped', () => {
    const order: string[] = [];
    let tables = [named('c'), named('a'), named('b', 'Other'), named('B')];
    let progress = resume(undefined);
    for (let table = nextTable(tables, progress.cursor); table; table = nextTable(tables, progress.cursor)) {
      order.push(`${table.schema}.${table.table}`);
      progress = kept(advance(progress, table, nothing));
      if (table.table === 'B') tables = [named('A'), named('b'), named('c')];
    }
    expect(order).toEqual(['Other.b', 'public.B', 'public.b', 'public.c']);
    expect(progress).toMatchObject({ tables: 4, rows: 4, bytes: 32 });
    expect(resume(finish(progress) as unknown as Json)).toMatchObject({ tables: 0, cursor: null, finished: false });
  });

  it('continues within a table, and behind it when it is gone', () => {
    const next = { lead: 'target', after: ['7', 'x'] } as const;
    const progress = kept(advance(resume(undefined), named('b'), { ...nothing, next }));
    expect(nextTable([named('a'), named('b'), named('c')], progress.cursor)).toEqual(named('b'));
    expect(within(progress, named('b'))).toEqual(next);
    expect(nextTable([named('a'), named('c')], progress.cursor)).toEqual(named('c'));
    expect(within(progress, named('c'))).toEqual({ lead: 'source', after: null });
    expect(progress.tables).toBe(0);
  });

  it('remembers the fifty largest tables, each once with all of its rows', () => {
    let progress = resume(undefined);
    const next = { lead: 'source', after: ['1'] } as const;
    for (let n = 0; n < 120; n += 1) {
      const table = { ...named(`t${n}`), bytes: n };
      progress = kept(advance(progress, table, { ...nothing, rows: 3, next }));
      progress = kept(advance(progress, table, nothing));
    }
    expect(progress.largest).toHaveLength(50);
    expect(progress.largest[0]).toEqual({ schema: 'public', table: 't119', bytes: 119, rows: 4 });
    expect(progress.largest.at(-1)).toEqual({ schema: 'public', table: 't70', bytes: 70, rows: 4 });
  });

  it('stays small: a table ends after 20 differing rows, and 50 tables are listed', () => {
    let id = 0;
    const different = () =>
      Array.from({ length: 12 }, () => {
        id += 1;
        return { key: `id = ${id} ${'x'.repeat(85)}`, kind: 'missing' as const, columns: [] };
      });
    let progress = resume(undefined);
    const next = { lead: 'source', after: ['1'] } as const;
    for (let n = 0; n < 2000; n += 1) {
      const table = named(`t${String(n).padStart(4, '0')}`);
      do progress = advance(progress, table, { ...nothing, different: different(), next });
      while (progress.cursor?.within);
    }
    expect(progress.different).toHaveLength(50);
    expect(progress.different.every(({ rows }) => rows.length === 20)).toBe(true);
    expect(progress).toMatchObject({ tables: 2000, moreDifferent: 1950 });
    expect(JSON.stringify(progress).length).toBeLessThan(200_000);
    const message = differenceMessage(progress);
    expect(message.length).toBeLessThan(25_000);
    expect(message.slice(0, 60)).toMatch(/^2000 of 2000 tables differ/);
    expect(message.slice(-500)).toMatch(/And 19\d\d more tables\. Nothing was changed/);
  });
});

describe('rowsPerRange', () => {
  it('cuts a table into ranges of about 16 MiB, between 500 and 50,000 rows', () => {
    expect(rowsPerRange({ bytes: 100_000_000, estimatedRows: 1_000_000 })).toBe(50_000);
    expect(rowsPerRange({ bytes: 1_048_576_000, estimatedRows: 1_000_000 })).toBe(16_000);
    expect(rowsPerRange({ bytes: 1e12, estimatedRows: 1_000_000 })).toBe(500);
    expect(rowsPerRange({ bytes: 1e12, estimatedRows: -1 })).toBe(4096);
    expect(rowsPerRange({ bytes: 0, estimatedRows: 10 })).toBe(4096);
  });
});
