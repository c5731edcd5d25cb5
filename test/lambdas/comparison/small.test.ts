/** Small tables are compared by the dozen, and what is said of each is what would be said of it alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resume } from '../../../lambdas/comparison/progress.ts';
import { openSides } from '../../../lambdas/comparison/sides.ts';
import { passingSmall } from '../../../lambdas/comparison/small.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { publishedTables } from '../../../lambdas/postgres/tables.sql.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';
import { finished, letReadersIn, rowsFound } from './finished.ts';

const TABLES = 120;
const nameOf = (n: number): string => `"Small ${String(n).padStart(3, '0')}"`;
/** Every third is empty, every fifth has no key, every seventh sorts its key by a collation. */
const SCHEMA = `create type mood as enum ('sad', 'glad');
create table "A large" (id int primary key, filler char(1000));
insert into "A large" select n, '' from generate_series(1, 2000) n;
${Array.from({ length: TABLES }, (_, n) => {
  const key = n % 5 === 0 ? 'id int' : n % 7 === 0 ? 'id text collate "en-x-icu" primary key' : 'id int primary key';
  return `create table ${nameOf(n)} (${key}, m mood, note text);
${n % 3 === 0 ? '' : `insert into ${nameOf(n)} select n, 'sad', 'row ' || n from generate_series(1, 3) n;`}`;
}).join('\n')}`;

describe.each(versions([11, 17] as const, [15, 18] as const, [17, 18] as const))(
  'the comparison of many small tables, from version %i to %i (#11)',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target, schema: SCHEMA, targetSchema: SCHEMA });
      await letReadersIn(world);
    });
    afterAll(() => world?.destroy());

    it('finds them equal with few round trips', async () => {
      const { looking } = world.ports('CompareData');
      let snapshots = 0;
      const counting: Reader = {
        ...looking.comparison.source,
        snapshot: (look) => {
          snapshots += 1;
          return looking.comparison.source.snapshot(look);
        },
      };
      const sides = await openSides({ comparison: { ...looking.comparison, source: counting }, remainingMs: () => 60_000 });
      const tables = (await looking.source.query(publishedTables({ excludeSchemas: [], excludeTables: [] }))).filter(
        ({ table }) => table !== 'A large',
      );
      const passSmall = passingSmall(sides, tables);
      let progress = await passSmall(resume(undefined));
      while (progress.tables < TABLES) progress = await passSmall(progress);
      expect(progress).toMatchObject({ tables: TABLES, rows: 3 * (TABLES - TABLES / 3), different: [] });
      expect(snapshots, 'columns and sums of three batches').toBe(2 * Math.ceil(TABLES / 50));
    });

    it('reports each difference under its own table, wherever in a batch', async () => {
      expect(rowsFound(await finished(world))).toEqual([]);
      await world.target(`
update ${nameOf(1)} set note = 'other' where id = 2;
insert into ${nameOf(33)} values (9, 'glad', 'only here');
delete from ${nameOf(50)} where id = 1;
insert into ${nameOf(49)} values ('x', null, null);
update ${nameOf(98)} set m = 'glad' where id = '3';
delete from "A large" where id = 1234;
`);
      const found = await finished(world);
      expect(found.tables).toBe(TABLES + 1);
      expect(rowsFound(found)).toEqual(
        [
          'A large: id = 1234 missing',
          'Small 001: id = 2 changed note',
          'Small 033: id = 9 extra',
          'Small 049: id = x extra',
          'Small 050: a row that is once on the source and not on the target missing',
          'Small 098: id = 3 changed m',
        ].sort(),
      );
      expect(rowsFound(await finished(world, { budgetMs: 1 })), 'the same from visit to visit').toEqual(rowsFound(found));
    });

    it('reports unreadable ones, and does not count them as equal', async () => {
      await world.target(`revoke select on ${nameOf(100)} from ${REPLICATION_ROLE}`);
      await expect(finished(world)).rejects.toMatchObject({
        name: 'StatementFailed',
        complaint: { code: INSUFFICIENT_PRIVILEGE },
        message: expect.stringMatching(/^"public"."Small 100" cannot be compared/),
      });
    });
  },
);
