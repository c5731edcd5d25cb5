import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { endParts, listParts } from '../../support/listed-parts.ts';
import { startWorld, type World } from '../../support/world.ts';

const PARTS = { copy: 'parts' };
const publicTables = (...names: readonly string[]) => names.map((table) => ({ schema: 'public', table }));

const indexes = async (world: World): Promise<unknown[]> =>
  (
    await world.target(`
      select c.relname::text as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and i.indisvalid order by 1`)
  ).map(({ name }) => name);

const attempts = (world: World) =>
  world.target(`select object, execution, attempts, code from planetscale_migration.post_data where attempts > 0 order by ordinal`);

const SCHEMA = `
create table first (id int primary key, a int unique, during tsrange, exclude using gist (during with &&));
create index by_a on first (a); create table second (id int primary key, a int); create index by_second on second (a);
create table root (id int primary key) partition by range (id); create table leaf partition of root default; create index on root (id);
alter table first cluster on by_a;
`;

describe('BuildCopied', () => {
  let world: World;
  let made = 0;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
  });
  afterAll(() => world?.destroy());

  const copied = async (schema: string): Promise<World> => {
    made += 1;
    const sibling = await world.sibling(`copied ${made} "é"`);
    await sibling.asSourceRole(schema);
    await sibling.until('CopySchema', { input: PARTS });
    return sibling;
  };

  /** Waits for a condition on the target, and then ends parts; gives up with the world. */
  const endPartsWhen = async (shop: World, condition: string, ...parts: number[]): Promise<void> => {
    await expect.poll(() => shop.target(`select (${condition}) as met`), { timeout: 60_000, interval: 20 }).toEqual([{ met: true }]);
    await endParts(shop, ...parts);
  };

  it('has nothing to do where no parts are listed, and takes nothing when none is open', async () => {
    const shop = await copied(SCHEMA);
    expect(await shop.visit('BuildCopied')).toMatchObject({ verdict: 'done', evidence: { openParts: 0, kinds: {} } });
    await listParts(shop, publicTables('first'));
    await endParts(shop, 1);
    expect(await shop.visit('BuildCopied')).toMatchObject({ verdict: 'done', evidence: { openParts: 0 } });
    expect(await indexes(shop)).toEqual([]);
  });

  it('builds what belongs to tables as they become complete, while others are copied, and leaves attachments and parents alone', async () => {
    const shop = await copied(SCHEMA);
    await listParts(shop, publicTables('first', 'leaf', 'second'));
    await endParts(shop, 1);
    const ready = (name: string) => `exists (select from pg_class where relname = '${name}')`;
    const [{ verdict }] = await Promise.all([
      shop.until('BuildCopied'),
      (async () => {
        await endPartsWhen(shop, ['first_pkey', 'by_a', 'first_a_key', 'first_during_excl'].map(ready).join(' and '), 2);
        await endPartsWhen(shop, ready('leaf_pkey'), 3);
      })(),
    ]);
    expect(verdict).toBe('done');
    expect((await indexes(shop)).filter((name) => !/^(leaf_id_idx|second_pkey|by_second)$/.test(name as string))).toEqual([
      ...['by_a', 'first_a_key', 'first_during_excl', 'first_pkey', 'leaf_pkey'],
    ]);
    await shop.until('BuildKeys', { input: PARTS });
    await shop.until('BuildIndexes', { input: PARTS });
    expect(await indexes(shop)).toEqual([
      ...['by_a', 'by_second', 'first_a_key', 'first_during_excl', 'first_pkey', 'leaf_id_idx', 'leaf_pkey', 'root_id_idx', 'root_pkey'],
      'second_pkey',
    ]);
    expect(await shop.target('select count(*)::int as twice from planetscale_migration.post_data where attempts > 1')).toEqual([
      { twice: 0 },
    ]);
  });

  it('waits in a pause, and ends where nobody copies who may, or where nothing can be copied any more', async () => {
    const shop = await copied(SCHEMA);
    const loseSeed = await listParts(shop, publicTables('first', 'second'));
    await shop.target('update planetscale_migration.copy_worker set part = null where worker = 1');
    await shop.target('update planetscale_migration.copy_plan set workers = 0');
    const first = await shop.visit('BuildCopied');
    expect(first).toMatchObject({ verdict: 'pending', nextPollSeconds: 20, evidence: { openParts: 2, idleSince: null } });
    await shop.target('update planetscale_migration.copy_plan set workers = 1');
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const since = minutesAgo(300).toISOString();
    const second = await shop.visit('BuildCopied', { state: { BuildCopied: { ...first, since } } });
    expect(second).toMatchObject({ verdict: 'pending', evidence: { idleSince: expect.any(Number) } });
    const idle = (minutes: number) => ({ BuildCopied: { ...second, evidence: { idleSince: minutesAgo(minutes).getTime() } } });
    expect(await shop.visit('BuildCopied', { state: idle(20) })).toMatchObject({ verdict: 'pending' });
    expect(await shop.visit('BuildCopied', { state: idle(40) })).toMatchObject({ verdict: 'done', evidence: { openParts: 2 } });
    await loseSeed();
    await expect.poll(() => shop.visit('BuildCopied', { state: idle(20) })).toMatchObject({ verdict: 'done', evidence: { openParts: 2 } });
    expect(await indexes(shop)).toEqual([]);
  });

  it('takes keys only as long as a function is to be made that an index may call', async () => {
    const shop = await copied(`
      create table first (id int primary key, a int); create index by_a on first (a); create table second (id int);
      create function grouped() returns setof int language sql begin atomic select a from first group by id; end;
    `);
    await listParts(shop, publicTables('first', 'second'));
    await endParts(shop, 1);
    await Promise.all([shop.until('BuildCopied'), endPartsWhen(shop, `exists (select from pg_class where relname = 'first_pkey')`, 2)]);
    expect(await indexes(shop)).toEqual(['first_pkey']);
  });

  it('makes nothing count as failed for the steps whose turn comes later', async () => {
    const shop = await copied(`
      create function plain(int) returns int language plpgsql immutable as 'begin return (select max(id) from pg_temp.gone); end';
      create table first (id int primary key, a int); create index lacking on first (plain(a)); create table second (id int);
    `);
    await shop.target('insert into first values (1, 1), (1, 2)');
    await listParts(shop, publicTables('first', 'second'));
    await endParts(shop, 1);
    const tried = `(select bool_and(code is not null) from planetscale_migration.post_data where object in ('lacking', 'first_pkey'))`;
    const [{ evidence }] = await Promise.all([shop.until('BuildCopied'), endPartsWhen(shop, tried, 2)]);
    expect(evidence).toMatchObject({ kinds: { key: { failed: 1 } } });
    expect(await attempts(shop)).toMatchObject([
      { object: 'first_pkey', code: '23505' },
      { object: 'lacking', code: '42P01' },
    ]);
    await shop.target(
      `delete from first where a = 2; create or replace function plain(int) returns int language sql immutable as 'select $1'`,
    );
    await shop.until('BuildKeys', { input: PARTS });
    await shop.until('BuildIndexes', { input: PARTS });
    expect(await attempts(shop)).toContainEqual({ object: 'lacking', execution: 'test', attempts: 1, code: null });
  });

  it('leaves what runs to the server when the last part is there, for the next step to find', async () => {
    const shop = await copied('create table first (id int, a int); create index slow on first (a); create table second (id int)');
    await listParts(shop, publicTables('first', 'second'));
    await endParts(shop, 1);
    const writer = new pg.Client(clientConfig(shop.database.target, 'test writer'));
    writer.on('error', () => {});
    await writer.connect();
    const builders = `exists (select from pg_stat_activity where application_name like '%:BuildCopied:%' and datname = current_database() and wait_event_type = 'Lock')`;
    try {
      await writer.query('begin; lock table first in row exclusive mode');
      await Promise.all([shop.until('BuildCopied'), endPartsWhen(shop, builders, 2)]);
      expect(await shop.target(`select ${builders} as there`)).toEqual([{ there: true }]);
      expect(await shop.visit('BuildIndexes', { budgetMs: 3_000 })).toMatchObject({
        verdict: 'pending',
        evidence: { kinds: { index: { running: 1 } } },
      });
    } finally {
      await writer.end();
    }
    await shop.until('BuildIndexes');
    expect(await attempts(shop)).toContainEqual({ object: 'slow', execution: 'test (ahead)', attempts: 1, code: null });
  });

  describeLifecycle('BuildCopied', {
    async world() {
      const shop = await copied(SCHEMA);
      await listParts(shop, publicTables('first', 'second'));
      await endParts(shop, 1);
      const there = `(select count(*) = 4 from pg_class where relname in ('first_pkey', 'by_a', 'first_a_key', 'first_during_excl'))`;
      endPartsWhen(shop, there, 2).catch(() => {}); // the world may be gone by then
      return shop;
    },
    effect: indexes,
    input: { indexWorkers: 3 },
  });
});
