import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { schema as schemaCheck } from '../../../lambdas/checks/cutover/schema.ts';
import { CUTOVER, ROLLBACK } from '../../../lambdas/config/direction.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { switchFindings } from '../../support/following.ts';
import { eventually, tableStates } from '../../support/replicated.ts';
import { SWITCHABLE } from '../../support/switchable.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

const T = '"Odd ""T"';
const SCHEMA = `
create table ${T} (id int primary key, tenant text);
alter table ${T} enable row level security, force row level security;
create policy mine on ${T} using (tenant = current_setting('app.tenant', true)) with check (tenant = current_setting('app.tenant', true));
create table plain (id int primary key); alter table plain enable row level security;
create table later (id int primary key);
insert into plain values (1);`;
/** The superuser's, since nobody else gets a row past the policy. */
const ROWS = `insert into ${T} values (1, 'a'), (2, 'b'), (3, 'c')`;

type Side = 'source' | 'target';
const OWNERS = `select distinct pg_get_userbyid(relowner)::text as owner from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`;
const forced = async (world: World, side: Side): Promise<unknown[]> =>
  (
    await world[side](
      "select relname::text as name from pg_class where relforcerowsecurity and relnamespace = 'public'::regnamespace order by 1",
    )
  ).map(({ name }) => name);
const rows = async (world: World, side: Side): Promise<unknown> =>
  (await world[side](`select string_agg(format('%s:%s', id, tenant), ' ' order by id) as rows from ${T}`))[0]?.rows;

/** The tables belong to a role that is no superuser, has no BYPASSRLS and is not ours; ours may act for it. */
const giveAway = (world: World): Promise<unknown> =>
  world.source(`create role keeper; grant keeper to "${world.database.source.user}"; grant create on schema public to keeper;
alter table ${T} owner to keeper; alter table plain owner to keeper; alter table later owner to keeper`);

async function replicated(world: World): Promise<void> {
  await giveAway(world);
  await world.source(ROWS);
  await world.visit('CreateReplicationRole');
  await world.source(`alter role ${REPLICATION_ROLE} bypassrls`); // which no role but a superuser may do before version 16
  for (const step of ['CopySchema', 'CreatePublication'] as const) await world.visit(step);
  await world.until('CreateSubscription');
  await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
  expect((await world.until('BuildIndexes')).evidence).toMatchObject({ failures: [] });
}

describe.each(versions<[ServerVersion, ServerVersion]>([11, 18], [15, 17], [17, 17], [18, 18]))(
  'FORCE ROW LEVEL SECURITY from %i to %i',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target, schema: SCHEMA, sourceParameters: SWITCHABLE.sourceParameters ?? {} });
      await replicated(world);
    });
    afterAll(() => world?.destroy());
    /** Older workers do not look at policies. */
    const held = source >= 15 ? [] : ['Odd "T'];

    it('is not on the target while it subscribes, and changes arrive', async () => {
      expect([await forced(world, 'source'), await forced(world, 'target')]).toEqual([['Odd "T'], []]);
      expect(await world.target(OWNERS)).toEqual([{ owner: 'keeper' }]);
      expect(await world.target(`select relrowsecurity as on from pg_class where relname = 'Odd "T'`)).toEqual([{ on: true }]);
      await world.source(`insert into ${T} values (4, 'd'); update ${T} set tenant = 'z' where id = 1; delete from ${T} where id = 2`);
      await eventually(async () => (await rows(world, 'target')) === '1:z 3:c 4:d');
      expect(await switchFindings(world, [schemaCheck], { direction: CUTOVER })).toEqual([]);
    });

    it('is back on the target when it serves, and changes go back to a source that is without it', async () => {
      await world.visit('SwitchOver');
      expect([await forced(world, 'source'), await forced(world, 'target')]).toEqual([held, ['Odd "T']]);
      await world.target(`insert into ${T} values (5, 'e'); update ${T} set tenant = 'y' where id = 1; delete from ${T} where id = 3`);
      await eventually(async () => (await rows(world, 'source')) === '1:y 4:d 5:e');
      expect(await switchFindings(world, [schemaCheck], { direction: ROLLBACK })).toEqual([]);
    });

    it('follows the switch back, with what was forced meanwhile on both sides', async () => {
      for (const side of ['source', 'target'] as const) {
        await world[side]('begin read write; alter table later force row level security; commit');
      }
      await world.until('LiftFence'); // the stream back would stop at the first change of it
      expect(await forced(world, 'source')).toEqual(source >= 15 ? [] : ['Odd "T', 'later']);
      await world.visit('SwitchBack');
      expect([await forced(world, 'source'), await forced(world, 'target')]).toEqual([['Odd "T', 'later'], []]);
      await world.source(`insert into ${T} values (6, 'f'); insert into later values (1)`);
      await eventually(async () => (await rows(world, 'target')) === '1:y 4:d 5:e 6:f');
      await eventually(async () => (await world.target('select from later')).length === 1);
      expect((await switchFindings(world, [schemaCheck], { direction: CUTOVER })).map(({ code }) => code)).toEqual(['SchemaChangedAlike']);
    });

    it('is a change of the schema where another session takes it away', async () => {
      await world.source(`alter table ${T} no force row level security`);
      const found = await switchFindings(world, [schemaCheck], { direction: CUTOVER });
      expect(found.map(({ code }) => code)).toEqual(['SchemaChanged', 'SchemaChangedAlike']);
      await world.source(`alter table ${T} force row level security`);
    });

    it('is put back by Cleanup, which says what the server refuses', async () => {
      await world.target(`begin read write;
create function no() returns event_trigger language plpgsql as $$ begin
  if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'public.later') then raise exception 'no'; end if;
end $$;
create event trigger no on ddl_command_end when tag in ('ALTER TABLE') execute function no(); commit`);
      const { evidence } = await world.until('DropReplication');
      expect(await forced(world, 'source')).toEqual(['Odd "T', 'later']);
      expect(JSON.stringify(evidence)).toContain(
        JSON.stringify({ rowSecurityToForce: ['alter table only "public"."later" force row level security;'] }).slice(1, -1),
      );
      expect(await forced(world, 'target')).toEqual(['Odd "T']);
    });
  },
);

describe('a table that is made by hand on both sides, with forced row-level security', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, schema: SCHEMA, sourceParameters: SWITCHABLE.sourceParameters ?? {} });
    await replicated(world);
  });
  afterAll(() => world?.destroy());

  it('loses it on the target when the subscription takes it in', async () => {
    for (const side of ['source', 'target'] as const) {
      await world[side](
        'create table made (id int primary key); alter table made owner to keeper; alter table made enable row level security, force row level security',
      );
    }
    await world.source('insert into made values (1)');
    for (const step of ['CreateReplicationRole', 'CreatePublication'] as const) await world.until(step);
    await world.until('CreateSubscription');
    await eventually(async () => (await world.target('select from made')).length === 1);
    expect(await forced(world, 'target')).toEqual([]);
    await world.visit('SwitchOver');
    expect(await forced(world, 'target')).toEqual(['Odd "T', 'made']);
  });
});

describe('the opening of a side whose forced tables are locked', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, schema: SCHEMA, sourceParameters: SWITCHABLE.sourceParameters ?? {} });
    await replicated(world);
  });
  afterAll(() => world?.destroy());

  it('does not wait for ever, and the switch is incomplete until they are forced', async () => {
    // A superuser's session goes on under a fence, and cannot be ended by us.
    const session = new pg.Client(clientConfig(world.pair.target.superuser(world.database.name), 'another'));
    await session.connect();
    await session.query(`begin; select from ${T}`);
    const refusal = await world.visit('SwitchOver').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'SwitchIncomplete', message: expect.stringContaining('does not bind its owner yet') });
    expect(await world.target('select state from planetscale_migration.gate')).toEqual([{ state: 'open' }]);
    expect(await forced(world, 'target')).toEqual([]);
    await session.end();
    await world.until('LiftFence');
    expect(await forced(world, 'target')).toEqual(['Odd "T']);
  });
});
