import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TransientError } from '../../../lambdas/config/errors.ts';
import { createHeartbeat } from '../../../lambdas/state/heartbeat.sql.ts';
import { HOSTILE_TABLES, hostileSchema } from '../../support/hostile.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { startWorld, type World } from '../../support/world.ts';

const schema = `${hostileSchema()};${createHeartbeat().text};
create table public.parent (id int primary key);
create table public.child () inherits (public.parent);
create table public.measured (at date not null, value int) partition by range (at);
create table public.measured_2024 partition of public.measured for values from ('2024-01-01') to ('2025-01-01');
create unlogged table public.scratch (id int);
create view public.seen as select 1 as one`;

const published = (world: World) =>
  world.source('select schemaname as schema, tablename as "table" from pg_publication_tables order by 1, 2');

describe('CreatePublication', () => {
  let base: World;
  let siblings = 0;
  beforeAll(async () => {
    base = await startWorld({ source: 18, schema });
  });
  afterAll(() => base?.destroy());

  const world = () => {
    siblings += 1;
    return base.sibling(`Shop "${siblings}"`);
  };
  describeLifecycle('CreatePublication', { world, effect: published });
});

describe.each([11, 15, 18] as const)('CreatePublication on version %i', (source) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, schema });
  });
  afterAll(() => world?.destroy());

  it('publishes ordinary tables, leaf partitions and our heartbeat, and nothing else', async () => {
    await world.visit('CreatePublication');
    const names = (await published(world)).map((row) => row.table);
    expect(names.sort()).toEqual([...HOSTILE_TABLES.map(({ table }) => table), 'parent', 'child', 'measured_2024', 'heartbeat'].sort());
    expect(await world.source('select puballtables, pubinsert, pubupdate, pubdelete, pubtruncate from pg_publication')).toEqual([
      { puballtables: false, pubinsert: true, pubupdate: true, pubdelete: true, pubtruncate: true },
    ]);
  });

  it('follows changed exclusions in both directions, without dropping the publication', async () => {
    const before = await published(world);
    const [oid] = await world.source('select oid from pg_publication');
    await world.visit('CreatePublication', {
      input: { excludeSchemas: ['Mixed Case'], excludeTables: ['public.parent', 'public.measured'] },
    });
    const names = (await published(world)).map((row) => row.table);
    expect(names).toHaveLength(before.length - 5);
    expect(names).not.toContain('measured_2024');
    await world.visit('CreatePublication');
    expect(await published(world)).toEqual(before);
    expect(await world.source('select oid from pg_publication')).toEqual([oid]);
  });

  it('publishes every operation again after another session removed some', async () => {
    await world.source(`alter publication planetscale_migration set (publish = 'insert')`);
    if (source >= 15)
      await world.source('alter publication planetscale_migration set table public.plain where (id > 5), public.parent (id)');
    if (source >= 13) await world.source('alter publication planetscale_migration set (publish_via_partition_root = true)');
    if (source >= 18) await world.source('alter publication planetscale_migration set (publish_generated_columns = stored)');
    await world.visit('CreatePublication');
    expect(await published(world)).toContainEqual({ schema: 'public', table: 'measured_2024' });
    expect(await world.visit('CreatePublication')).toMatchObject({ verdict: 'done', evidence: { missing: 0, surplus: 0 } });
  });
});

describe('CreatePublication of a large schema', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 13, schema });
  });
  afterAll(() => world?.destroy());

  it('is retried when a table is locked', async () => {
    const session = await world.ports('test').acting.source.session('holder');
    try {
      await session.script('begin; lock table public.plain in share update exclusive mode');
      await expect(world.visit('CreatePublication', { input: { excludeTables: ['public.child'] } })).rejects.toThrow(TransientError);
    } finally {
      await session.end();
    }
  });

  it('publishes 2,000 tables in one statement', async () => {
    await world.asSourceRole(
      `do $$ begin for n in 1..2000 loop execute format('create table public.%I (id int primary key)', 'Table ' || n); end loop; end $$`,
    );
    const result = await world.visit('CreatePublication', { input: { excludeSchemas: ['Mixed Case'] } });
    expect(result).toMatchObject({ verdict: 'done', evidence: { missing: 0, surplus: 0 } });
    expect((await published(world)).filter((row) => `${row.table}`.startsWith('Table '))).toHaveLength(2000);
  });
});
