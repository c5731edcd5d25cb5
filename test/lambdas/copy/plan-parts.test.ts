import { describe, expect, it } from 'vitest';
import { planParts } from '../../../lambdas/copy/plan-parts.ts';
import type { SourceTable } from '../../../lambdas/copy/tables.sql.ts';

const MEGABYTE = 1_048_576;
const PAGE = 8_192;

const table = (name: string, megabytes: number, indexMegabytes = 0): SourceTable => ({
  schema: 'public',
  table: name,
  oid: 1,
  file: 1,
  bytes: megabytes * MEGABYTE,
  indexBytes: indexMegabytes * MEGABYTE,
  pages: Math.ceil((megabytes * MEGABYTE) / PAGE),
  columns: ['id'],
  key: [],
});
const plan = (tables: readonly SourceTable[]) => planParts(tables, { partBytes: 10 * MEGABYTE, version: 17, boundsOf: new Map() });
const namesOf = (tables: readonly SourceTable[]): string[] => [
  ...new Set(plan(tables).map(({ tables: of }) => of.map(({ table: name }) => name).join(' '))),
];

describe('the plan of a copy in parts (#14)', () => {
  it('takes what has the most work in its indexes first, however large what has none', () => {
    expect(namesOf([table('bare', 100), table('busy', 10, 40), table('small', 0.1, 1), table('usual', 40, 30)])).toEqual([
      'busy',
      'usual',
      'bare',
      'small',
    ]);
  });

  it('splits what is large, and puts what is small together', () => {
    const parts = plan([
      table('large', 25),
      table('whole', 9),
      table('empty', 0),
      table('one', 0.4),
      table('two', 0.5),
      table('three', 0.6),
    ]);
    expect(parts.map(({ tables, range, alone }) => [tables.length, range, alone])).toEqual([
      [1, { pages: [0, 1067] }, false],
      [1, { pages: [1067, 2134] }, false],
      [1, { pages: [2134, null] }, false],
      [1, null, true],
      [2, null, true],
      [1, null, true],
    ]);
  });
});
