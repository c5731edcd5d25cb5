/** Tables and partitions that come into being on the source after the schema was copied. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, tableStates } from '../../support/replicated.ts';
import { startWorld, type World } from '../../support/world.ts';

const SCHEMA = `
create schema "My shop";
create table "My shop"."Order" (id int primary key, note text);
create table event (id int not null, at date not null, primary key (id, at)) partition by range (at);
create table event_2024 partition of event for values from ('2024-01-01') to ('2025-01-01');
insert into "My shop"."Order" values (1, 'a'); insert into event values (1, '2024-05-05');
`;
const ALL_READY = async (world: World) => {
  await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
};
/** As Replicate goes on, up to the copy. */
const replicate = async (world: World): Promise<void> => {
  for (const step of ['CreateReplicationRole', 'CopySchema', 'CreatePublication'] as const) await world.visit(step);
  for (const step of ['CreateSubscription', 'AwaitCopy', 'BuildIndexes'] as const) await world.until(step);
};
const published = async (world: World) =>
  (await world.source('select tablename from pg_publication_tables order by 1')).map(({ tablename }) => tablename);

describe.each([
  [11, 18],
  [15, 17],
] as const)('a table that is new on the source, from %i to %i (#11)', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target, schema: SCHEMA });
    await replicate(world);
  });
  afterAll(() => world?.destroy());

  it('is not published while the target lacks it, the stream continues, and the given advice replicates it', async () => {
    await world.asSourceRole(`create table "My shop"."New; one" (id int primary key, note text);
      create table event_2025 partition of event for values from ('2025-01-01') to ('2026-01-01');
      insert into "My shop"."New; one" values (1, 'x'); insert into event values (2, '2025-05-05')`);
    const before = await published(world);
    await world.visit('CreateReplicationRole');
    const refusal = await world.visit('CreatePublication').catch((error) => error);
    expect(refusal).toMatchObject({ name: 'SchemaDrift' });
    expect(refusal.message).toContain('2 tables (');
    expect(refusal.message).toContain('--table-and-children=\'"My shop"."New; one"\'');
    expect(await published(world)).toEqual(before);

    await world.asSourceRole(`insert into "My shop"."Order" values (2, 'b')`);
    await eventually(async () => (await world.target('select from "My shop"."Order"')).length === 2);

    const [statement = ''] = /create table "public"\."event_2025" partition of .*?;/.exec(refusal.message) ?? [];
    await world.asTargetRole(`${statement} create table "My shop"."New; one" (id int primary key, note text)`);
    await replicate(world);
    await ALL_READY(world);
    expect(await world.target('select from event_2025')).toHaveLength(1);
    expect(await world.target('select from "My shop"."New; one"')).toHaveLength(1);
    expect(await world.visit('CreatePublication')).toMatchObject({ verdict: 'done', evidence: { missing: 0, surplus: 0 } });
  });

  it('that is published already is named as what the stream waits for, which then continues', async () => {
    await world.asSourceRole('create table late (id int primary key)');
    await world.source('alter publication planetscale_migration add table late');
    await world.asSourceRole(`insert into late values (1); insert into "My shop"."Order" values (3, 'c')`);
    const refusal = await world.visit('CreatePublication').catch((error) => error);
    expect(refusal).toMatchObject({ name: 'SchemaDrift' });
    expect(refusal.message).toContain('One table (public.late)');
    expect(refusal.message).toContain('1 of them are published already: the stream stands still');
    await world.asTargetRole('create table late (id int primary key)');
    await replicate(world);
    await ALL_READY(world);
    await eventually(async () => (await world.target('select from "My shop"."Order"')).length === 3);
  });

  it('may be excluded', async () => {
    await world.asSourceRole('create table scratch (id int primary key)');
    expect(await world.visit('CreatePublication', { input: { excludeTables: ['public.scratch'] } })).toMatchObject({ verdict: 'done' });
    await world.asSourceRole('drop table scratch');
  });
});
