/** Many empty tables are taken in without a copy, and nothing that happens to them meanwhile is lost. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { TransientError } from '../../../lambdas/config/errors.ts';
import { parseInput } from '../../../lambdas/config/input.ts';
import { EMPTY_PUBLICATION, subscriptionName } from '../../../lambdas/config/names.ts';
import type { Database, Statement } from '../../../lambdas/ports/database.ts';
import { createHeartbeat } from '../../../lambdas/state/heartbeat.sql.ts';
import { createSubscription } from '../../../lambdas/steps/create-subscription.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import { silent, startWorld, type World } from '../../support/world.ts';

const QUIET = 25;
const quiet = (n: number): string => `quiet${n}`;
const SPECIAL = [
  ...['truncated', 'vacuumed', 'moved', '"Came, went"', 'filled', 'unfinished', 'locked', 'doubles', 'large', 'emptied'],
  ...['part_one', 'part_two', 'parent', 'child'],
];
const KEYED = SPECIAL.filter((name) => !['doubles', 'part_one', 'part_two', 'child'].includes(name));
const SCHEMA = `
${Array.from({ length: QUIET }, (_, n) => `create table ${quiet(n)} (id int primary key, v text);`).join('\n')}
${KEYED.map((name) => `create table ${name} (id int primary key, v text);`).join('\n')}
create table doubles (v text);
alter table doubles replica identity full;
create table parts (id int primary key, v text) partition by range (id);
create table part_one partition of parts for values from (0) to (10);
create table part_two partition of parts for values from (10) to (20);
create table child (primary key (id)) inherits (parent);`;

/** Rows that the slot finds. */
const BEFORE = `
insert into truncated select n, 'before' from generate_series(1, 3) n;
insert into vacuumed select n, 'before' from generate_series(1, 3) n;
insert into moved select n, 'before' from generate_series(1, 3) n;
insert into doubles values ('a'), ('a'), ('b');
insert into large select n, 'before' from generate_series(1, 500) n;
insert into emptied values (1, 'before');
delete from emptied;
insert into part_one values (1, 'before');
insert into child values (1, 'before');`;
/** Once the slot is there, and before the next inspection. */
const BETWEEN = `
update truncated set v = 'changed' where id = 2;
truncate truncated;
update vacuumed set id = id + 10;
delete from vacuumed;
update moved set id = 4 - id where id = 2;
update moved set id = id + 3;
insert into moved values (1, 'between');
delete from moved;
insert into "Came, went" values (1, 'between');
truncate "Came, went";
insert into filled values (1, 'between');
insert into doubles values ('a');
update doubles set v = 'b' where v = 'a';
delete from doubles;
truncate parts;
delete from child;`;
/** Once it is known which are empty. */
const AFTER = `
insert into truncated values (2, 'after'), (7, 'after');
insert into vacuumed values (1, 'after'), (11, 'after');
insert into moved values (1, 'after'), (5, 'after');
update moved set id = 2 where id = 1;
insert into "Came, went" values (1, 'after');
update filled set v = 'after';
insert into doubles values ('a'), ('b'), ('b');
insert into parts values (1, 'after'), (11, 'after');
insert into parent values (5, 'after');
insert into child values (1, 'after');
insert into ${quiet(3)} values (3, 'after');`;

type Intervene = (statement: Statement<unknown>) => Promise<void>;

/** One visit of the step, with something happening before some of its statements. */
async function act(world: World, intervene: Intervene): Promise<unknown> {
  const ports = world.ports('CreateSubscription');
  const watched = (side: Database): Database => {
    const query =
      (one: Pick<Database, 'query'>): Database['query'] =>
      async (statement) => {
        await intervene(statement);
        return one.query(statement);
      };
    return {
      ...side,
      query: query(side),
      transaction: (work) => side.transaction((session) => work({ ...session, query: query(session) })),
    };
  };
  const visit = {
    input: parseInput({}),
    execution: 'test',
    previous: undefined,
    results: {},
    waitedSeconds: 0,
    remainingMs: () => 60_000,
    log: silent,
  };
  const seen = await createSubscription.inspect({ ...visit, ...ports.looking });
  return createSubscription.act?.(
    { ...visit, ...ports.acting, source: watched(ports.acting.source), target: watched(ports.acting.target) },
    seen,
  );
}

const isLook = ({ text }: Statement<unknown>): boolean => text.startsWith('with locked');
const isListing = ({ text }: Statement<unknown>): boolean => text.startsWith(`create publication "${EMPTY_PUBLICATION}"`);

const contents = async (sql: World['source']): Promise<unknown> => {
  const tables = [...SPECIAL, quiet(3), quiet(4)];
  const union = tables.map((name) => `select '${name}' as name, to_jsonb(t)::text as line from only ${name} as t`).join(' union all ');
  return sql(`${union} order by 1, 2`);
};
const agree = async (world: World): Promise<boolean> =>
  JSON.stringify(await contents(world.source)) === JSON.stringify(await contents(world.target));
const withoutCopy = async (world: World): Promise<unknown[]> =>
  (
    await world.target(
      `select srrelid::regclass::text as name from pg_subscription_rel where srsubstate = 'r' and srsublsn is null order by 1`,
    )
  ).map(({ name }) => name);
const leftPublication = (world: World) => world.source('select from pg_publication where pubname = $1', [EMPTY_PUBLICATION]);

describe.each(versions([11, 17] as const, [15, 18] as const, [17, 18] as const))(
  'many empty tables, from version %i to %i (#11)',
  (source, target) => {
    let base: World;
    let worlds = 0;
    beforeAll(async () => {
      base = await startWorld({ source, target });
    });
    afterAll(() => base?.destroy());

    /** Everything before CreateSubscription is done. */
    const fresh = async (): Promise<World> => {
      worlds += 1;
      const world = await base.sibling(`empty ${worlds}`);
      await world.asSourceRole(`${SCHEMA}${BEFORE}`);
      await world.asTargetRole(SCHEMA);
      await world.ports('test').acting.target.query(createHeartbeat());
      await world.visit('CreateReplicationRole');
      await world.visit('CreatePublication');
      return world;
    };
    const ends = async (world: World): Promise<void> => {
      await world.until('CreateSubscription');
      await world.until('AwaitCopy');
      await eventually(() => agree(world));
      expect(await leftPublication(world)).toEqual([]);
    };

    it('are subscribed without a copy, and rows in them before or later arrive', async () => {
      const world = await fresh();
      const other = new pg.Client(clientConfig(world.database.source, 'test'));
      const truncating = new pg.Client(clientConfig(world.database.source, 'test'));
      await Promise.all([other.connect(), truncating.connect()]);
      try {
        let looked = 0;
        await act(world, async (statement) => {
          if (isLook(statement)) {
            looked += 1;
            await world.asSourceRole(BETWEEN);
            await world.asSourceRole('vacuum vacuumed'); // each is a statement of its own, or it could not be
            await world.asSourceRole('vacuum moved');
            await world.asSourceRole('vacuum doubles');
            await world.asSourceRole('vacuum child');
            await other.query(`begin; insert into unfinished values (1, 'open')`);
            await truncating.query(
              `begin; truncate large; insert into large values (1, 'open'); truncate locked; insert into locked values (1, 'open')`,
            );
          }
          if (!isListing(statement)) return;
          await world.asSourceRole(AFTER);
          await Promise.all([other.query('commit'), truncating.query('commit')]);
        });
        expect(looked).toBe(1);
        await Promise.all([other.query('commit'), truncating.query('commit')]);
      } finally {
        await Promise.all([other.end(), truncating.end()]);
      }
      expect(await withoutCopy(world)).toEqual(
        expect.arrayContaining([
          'truncated',
          'vacuumed',
          'moved',
          '"Came, went"',
          'doubles',
          'part_one',
          'part_two',
          'parent',
          'child',
          quiet(0),
        ]),
      );
      const known = await withoutCopy(world);
      await ends(world);
      for (const copied of ['filled', 'unfinished', 'locked', 'large', 'emptied']) {
        expect(await withoutCopy(world), copied).not.toContain(copied);
      }
      const { evidence } = await world.until('AwaitCopy');
      expect(evidence).toMatchObject({ emptyAtStart: (await withoutCopy(world)).length, tables: QUIET + SPECIAL.length + 1 });
      expect(known.length).toBeGreaterThanOrEqual(QUIET + 9);
      expect(await world.target(`select v from large union all select v from locked union all select v from unfinished`)).toEqual([
        { v: 'open' },
        { v: 'open' },
        { v: 'open' },
      ]);
    });

    it('are subscribed after an interruption at any statement', async () => {
      const world = await fresh();
      const crash = (at: (statement: Statement<unknown>) => boolean, times = 1): Intervene => {
        let left = times;
        return async (statement) => {
          if (!at(statement)) return;
          left -= 1;
          if (left < 0) throw new Error('the function is gone');
        };
      };
      const starts = (text: string) => (statement: Statement<unknown>) => statement.text.startsWith(text);
      // Before the list is made, once it is, before the subscription is there, before the list is dropped, before it is enabled, before the rest.
      await expect(act(world, crash(isListing, 0))).rejects.toThrow('the function is gone');
      await expect(act(world, crash(starts('alter subscription'), 0))).rejects.toThrow('the function is gone');
      expect(await leftPublication(world)).toHaveLength(1);
      expect(await world.target('select from pg_subscription where subname = $1', [subscriptionName(world.database.name)])).toEqual([]);
      await expect(act(world, crash(starts('drop publication'), 1))).rejects.toThrow('the function is gone');
      expect(await leftPublication(world)).toHaveLength(1);
      const known = await withoutCopy(world);
      expect(known.length).toBeGreaterThanOrEqual(QUIET);
      await world.asSourceRole(`insert into ${quiet(4)} values (1, 'meanwhile')`);
      await expect(act(world, crash(starts('do '), 1))).rejects.toThrow('the function is gone'); // enabled, and not more
      await ends(world);
      expect(await withoutCopy(world)).toEqual(known);
    });

    it('are subscribed anew where the slot was lost before another table was copied', async () => {
      const world = await fresh();
      await expect(
        act(world, async ({ text }) => {
          if (text.startsWith('drop publication') && (await withoutCopy(world)).length > 0) throw new Error('the function is gone');
        }),
      ).rejects.toThrow('the function is gone');
      await world.source('select pg_drop_replication_slot($1)', [subscriptionName(world.database.name)]);
      await world.asSourceRole(`insert into ${quiet(4)} values (1, 'not seen by the list')`);
      await ends(world);
      expect(await withoutCopy(world)).not.toContain(quiet(4));
    });

    it('are copied one by one where they cannot be subscribed at once', async () => {
      const world = await fresh();
      await act(world, async (statement) => {
        if (isListing(statement)) throw new TransientError('a lock is held for longer than we wait');
      });
      expect(await withoutCopy(world)).toEqual([]);
      await ends(world);
      const { evidence } = await world.until('AwaitCopy');
      expect(evidence).not.toHaveProperty('emptyAtStart');
    });

    it('are refused where the target holds rows', async () => {
      const world = await fresh();
      await world.target(`insert into ${quiet(7)} values (1, 'of another session')`);
      await expect(world.until('CreateSubscription')).rejects.toMatchObject({
        name: 'CopyStalled',
        message: expect.stringContaining(`public.${quiet(7)}`),
      });
      await world.target(`truncate ${quiet(7)}`);
      await ends(world);
    });

    it('leave no list behind after Cleanup', async () => {
      const world = await fresh();
      await world.asSourceRole(`create publication ${EMPTY_PUBLICATION} for table ${quiet(1)} with (publish = '')`);
      await world.until('DropReplication');
      expect(await leftPublication(world)).toEqual([]);
    });
  },
);
