import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NotOurs } from '../../../../lambdas/config/errors.ts';
import type { Statement } from '../../../../lambdas/ports/database.ts';
import { createGate, gateState } from '../../../../lambdas/state/gates.sql.ts';
import { createHeartbeat, heartbeatExists } from '../../../../lambdas/state/heartbeat.sql.ts';
import { dropOwnSchema, ownSchemaExists } from '../../../../lambdas/state/own-schema.sql.ts';
import { ownSchemaState } from '../../../../lambdas/state/trust.sql.ts';
import { PLANTED, PLANTER, type Planter, planterOn } from '../../../support/planted.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

const faultsOf = async (world: World): Promise<string[]> => {
  const [state] = await world.ports('Test').looking.source.query(ownSchemaState());
  return state?.faults.map(({ object, fault }) => `${object} ${fault}`) ?? [];
};

describe.each(versions(11, 13, 15, 17, 18))('our schema on version %i (#9.10)', (version) => {
  let world: World;
  let planter: Planter;
  beforeAll(async () => {
    world = await startWorld({ source: version });
    planter = await planterOn(world, 'source');
    await world.source(`create role ${PLANTER}_friend`);
  });
  afterEach(() => world.source('drop schema if exists planetscale_migration cascade'));
  afterAll(() => world?.destroy());

  /** Makes our schema, with a gate in it. */
  const makeOurs = async (): Promise<void> => {
    const { source } = world.ports('Test').acting;
    await source.query(createHeartbeat());
    await source.query(createGate());
    expect(await faultsOf(world)).toEqual([]);
  };

  it.each(PLANTED)('is refused with %s, by name, and nothing in it runs', async (_, plant, named) => {
    await planter.run(plant);
    const before = await planter.settled();
    expect((await faultsOf(world)).join('\n')).toContain(named);
    const { acting, looking } = world.ports('Test');
    for (const statement of [heartbeatExists(), gateState(), createHeartbeat(), createGate(), dropOwnSchema()] as Statement[]) {
      for (const side of [looking.source, acting.source]) {
        const error = await side.query(statement).catch((refused: unknown) => refused);
        expect(error).toBeInstanceOf(NotOurs);
        expect((error as NotOurs).message).toContain(`On the source at`);
        expect((error as NotOurs).message).toContain(named);
      }
    }
    await expect(acting.source.transaction((session) => session.script(createGate().text))).rejects.toThrow(NotOurs);
    const session = await acting.source.session('test');
    await expect(session.script(dropOwnSchema().text)).rejects.toThrow('drop schema planetscale_migration cascade;');
    await session.end();
    expect(await looking.source.query(ownSchemaExists())).toEqual([{ exists: true }]);
    expect(await planter.settled()).toBe(before);
  });

  it.each([
    ['lets others create in it', `grant create on schema planetscale_migration to ${PLANTER}`, `lets ${PLANTER} create in it`],
    ['lets PUBLIC create in it', 'grant all on schema planetscale_migration to public', 'lets PUBLIC create in it'],
    [
      'holds a table of another owner',
      `create table planetscale_migration.recopy (a int); alter table planetscale_migration.recopy owner to ${PLANTER}`,
      `table planetscale_migration.recopy belongs to ${PLANTER}`,
    ],
    ['lets others write', `grant insert on planetscale_migration.gate to ${PLANTER}`, `gate lets ${PLANTER} do more than read (insert)`],
    [
      'lets others write a column',
      `grant update (state) on planetscale_migration.gate to ${PLANTER}`,
      `gate lets ${PLANTER} do more than read (update)`,
    ],
    [
      'will let others write',
      `alter default privileges in schema planetscale_migration grant insert on tables to ${PLANTER}`,
      'default privileges',
    ],
    [
      'has a trigger, although it is ours',
      'create trigger fire before update on planetscale_migration.gate for each row execute procedure trap.fire()',
      'trigger fire on table planetscale_migration.gate',
    ],
    [
      'has a default that runs any text',
      `alter table planetscale_migration.gate alter column execution set default query_to_xml('select trap.spring()', true, true, '')::text`,
      'default value for column execution of table planetscale_migration.gate calls query_to_xml',
    ],
    [
      'has a child elsewhere',
      'create table public.child () inherits (planetscale_migration.heartbeat)',
      'table public.child inherits from planetscale_migration.heartbeat',
    ],
    [
      'has statistics over an expression or columns',
      'create statistics public.odd on id, token from planetscale_migration.heartbeat',
      'statistics object public.odd',
    ],
    [
      'is referred to from elsewhere',
      'create table public.line (id bigint references planetscale_migration.heartbeat on delete cascade)',
      'constraint line_id_fkey on table line refers to a table of ours',
    ],
    ['was given away', `alter schema planetscale_migration owner to ${PLANTER}`, `schema planetscale_migration belongs to ${PLANTER}`],
  ])('is refused at the next visit once it %s', async (_, change, named) => {
    await makeOurs();
    const { source } = world.ports('Test').looking;
    await world.source(change);
    const faults = (await faultsOf(world)).map((fault) => fault.replace('table public.line', 'table line'));
    expect(faults.join('\n')).toContain(named);
    await expect(source.query(gateState())).rejects.toThrow(NotOurs);
  });

  it('is trusted where others may read it and its owner could SET ROLE to us', async () => {
    await makeOurs();
    await world.source(`grant usage on schema planetscale_migration to ${PLANTER}; grant select on planetscale_migration.gate to ${PLANTER};
create view public.gates as select state from planetscale_migration.gate`);
    expect(await faultsOf(world)).toEqual([]);
    await world.source('alter schema planetscale_migration owner to rdsadmin; grant all on planetscale_migration.gate to rdsadmin');
    expect(await faultsOf(world)).toEqual([]);
  });

  it('is not trusted for being owned by a role that we are a member of', async () => {
    await makeOurs();
    await world.source(
      `grant ${PLANTER}_friend to ${world.places.source.user}; alter schema planetscale_migration owner to ${PLANTER}_friend`,
    );
    expect(await faultsOf(world)).toEqual([`schema planetscale_migration belongs to ${PLANTER}_friend`]);
  });

  it('is closed to roles to which default privileges would open it', async () => {
    await world.asSourceRole(
      `alter default privileges grant all on tables to ${PLANTER}; alter default privileges grant all on schemas to ${PLANTER}, public`,
    );
    await makeOurs();
    const [acl] = await world.source("select nspacl::text as acl from pg_namespace where nspname = 'planetscale_migration'");
    expect(acl?.acl).not.toContain(PLANTER);
  });

  it('is checked again after it was dropped, and after a rollback of the transaction that created it', async () => {
    await makeOurs();
    const { source } = world.ports('Other').acting;
    expect(await source.query(gateState())).toMatchObject([{ state: 'open' }]);
    await source.query(dropOwnSchema());
    const undone = source.transaction(async (session) => {
      await session.query(createHeartbeat());
      await session.query(createGate());
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await world.source(`create schema planetscale_migration authorization ${PLANTER}`);
    await expect(source.query(heartbeatExists())).rejects.toThrow(`belongs to ${PLANTER}`);
  });
});
