import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { IndexBuildFailed } from '../../../lambdas/config/errors.ts';
import { awkwardSchema } from '../../support/awkward-schema.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { startWorld, type World } from '../../support/world.ts';

/** A visit that leaves after three quarters of it: enough to start a statement even on a busy machine. */
const SHORT_MS = 3_000;
const PARTS = { copy: 'parts' };

/** Keys and identities of the user's tables: what the step is for. */
const keys = (world: World) =>
  world.target(`
    select c.oid::regclass::text as table, c.relreplident::text as identity, i.indexrelid::regclass::text as key, i.indisvalid as valid,
      i.indisprimary as first
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace left join pg_index as i on i.indrelid = c.oid
    where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|planetscale|information_schema)' order by 1, 3`);

describe('BuildKeys', () => {
  let world: World;
  let made = 0;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
  });
  afterAll(() => world?.destroy());

  const copied = async (schema: string, input: Readonly<Record<string, string>> = PARTS): Promise<World> => {
    made += 1;
    const sibling = await world.sibling(`keys ${made} "é"`);
    await sibling.asSourceRole(schema);
    await sibling.until('CopySchema', { input });
    return sibling;
  };

  it('has nothing to do where the subscription copies', async () => {
    const shop = await copied('create table t (id int primary key)', {});
    expect(await shop.visit('BuildKeys')).toMatchObject({ verdict: 'done', evidence: { way: 'stream', kinds: {}, failures: [] } });
  });

  it('builds keys and no other index, and says so by kind', async () => {
    const shop = await copied(`
      create table t (id int primary key, a int not null unique, b int); create index by_b on t (b);
      create table u (a int not null, b int); create unique index "as; identity" on u (a); alter table u replica identity using index "as; identity";
      create table v (a int not null, constraint "by it" unique (a)); alter table v replica identity using index "by it";
      create table root (id int, day date, primary key (id, day)) partition by range (day);
      create table leaf partition of root default;
      alter table root replica identity using index root_pkey; alter table leaf replica identity using index leaf_pkey;
    `);
    expect((await keys(shop)).filter(({ key }) => key !== null)).toEqual([]);
    const { evidence } = await shop.until('BuildKeys');
    expect(evidence).toMatchObject({
      way: 'parts',
      kinds: {
        key: { done: 4 },
        'key index': { done: 1 },
        'key attachment': { done: 1 },
        'replica identity': { done: 4 },
      },
      failures: [],
    });
    expect(await keys(shop)).toEqual([
      { table: 'leaf', identity: 'i', key: 'leaf_pkey', valid: true, first: true },
      { table: 'root', identity: 'i', key: 'root_pkey', valid: true, first: true },
      { table: 't', identity: 'd', key: 't_pkey', valid: true, first: true },
      { table: 'u', identity: 'i', key: '"as; identity"', valid: true, first: false },
      { table: 'v', identity: 'i', key: '"by it"', valid: true, first: false },
    ]);
    await shop.until('BuildIndexes', { input: PARTS });
    expect((await keys(shop)).map(({ key }) => key)).toEqual([
      'leaf_pkey',
      'root_pkey',
      'by_b',
      't_a_key',
      't_pkey',
      '"as; identity"',
      '"by it"',
    ]);
  });

  it('names the keys that the rows break, offers no way without them, and makes the others', async () => {
    const shop = await copied('create table twice (id int primary key); create table fine (id int primary key)');
    await shop.target('insert into twice values (987654), (987654)');
    const error = (await shop.until('BuildKeys').catch((failed: unknown) => failed)) as Error;
    expect(error).toBeInstanceOf(IndexBuildFailed);
    expect(error.message).toMatch(/^1 statements failed that make keys; all other keys were made\./);
    expect(error.message).toContain('key twice_pkey on "public"."twice": could not create unique index "twice_pkey" (23505)');
    expect(error.message).not.toMatch(/987654|delete from/);
    expect(await keys(shop)).toMatchObject([{ key: 'fine_pkey', valid: true }, { key: null }]);
    await expect(shop.until('BuildKeys')).rejects.toThrow(error.message);
    await shop.target('delete from twice where ctid = (select min(ctid) from twice)');
    await shop.until('BuildKeys', { execution: 'another' });
  });

  it('waits for an index that another step has left running on the same table, and for no other', async () => {
    const shop = await copied(`
      create table busy (id int primary key, a int); create index slow on busy (a); create table free (id int primary key);
    `);
    const [slow] = await shop.target(`select ordinal from planetscale_migration.post_data where object = 'slow'`);
    const [writer, builder] = ['writer', `planetscale_migration:BuildCopied:${slow?.ordinal}`].map(
      (name) => new pg.Client(clientConfig(shop.database.target, name)),
    ) as [pg.Client, pg.Client];
    for (const client of [writer, builder]) client.on('error', () => {});
    try {
      await Promise.all([writer.connect(), builder.connect()]);
      await writer.query('begin; lock table busy in row exclusive mode');
      const building = builder.query('create index slow on busy (a)');
      const state = `select wait_event_type from pg_stat_activity where application_name like '%:BuildCopied:%' and datname = current_database()`;
      await expect.poll(() => shop.target(state)).toEqual([{ wait_event_type: 'Lock' }]);
      const { verdict, evidence } = await shop.visit('BuildKeys', { budgetMs: SHORT_MS });
      expect({ verdict, evidence }).toMatchObject({ verdict: 'pending', evidence: { kinds: { key: { done: 1, open: 1, running: 0 } } } });
      expect(await keys(shop)).toMatchObject([
        { table: 'busy', key: null },
        { table: 'free', key: 'free_pkey' },
      ]);
      await writer.query('commit');
      await building;
    } finally {
      await Promise.all([writer.end(), builder.end()]);
    }
    await shop.until('BuildKeys');
    expect((await keys(shop)).map(({ key }) => key)).toEqual(['busy_pkey', 'slow', 'free_pkey']);
  });

  describeLifecycle('BuildKeys', {
    world: () => copied(awkwardSchema(15)),
    effect: keys,
    input: { indexWorkers: 3 },
  });
});
