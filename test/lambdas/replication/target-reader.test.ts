/** The role with which the target is compared: what it may do, and by whom it can be made. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPorts } from '../../../lambdas/adapters/open-ports.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { ensureTargetReader, isTargetReaderComplete, lookAtTargetReader } from '../../../lambdas/replication/target-reader.ts';
import { HOSTILE_TABLES } from '../../support/hostile.ts';
import { published } from '../../support/replicated.ts';
import { loginAs, sqlOn, startWorld, type World } from '../../support/world.ts';

const role = (world: World) =>
  world.target(
    `select rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit,
  (select count(*)::int from pg_auth_members as m where m.member = r.oid) as memberships from pg_roles as r where rolname = $1`,
    [REPLICATION_ROLE],
  );

describe('the read-only role on the target (#9.9)', () => {
  let world: World;
  beforeAll(async () => {
    world = await published();
  });
  afterAll(() => world?.destroy());

  it('is created with the subscription, and may only read what is published, past every policy', async () => {
    await world.target('create table public.unrelated (id int)');
    await world.until('CreateSubscription');
    expect(await role(world)).toEqual([
      {
        ...{ rolcanlogin: true, rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false, rolbypassrls: true },
        ...{ rolconnlimit: 10, memberships: 0 },
      },
    ]);
    const asReader = sqlOn(loginAs(world, 'target', REPLICATION_ROLE, await world.places.replication.password('target')));
    const rights = await asReader(`select has_table_privilege(c.oid, 'select') as reads, c.relname::text as "table",
  has_table_privilege(c.oid, 'insert, update, delete, truncate, references, trigger') as writes
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname !~ '^pg_|^information_schema|^planetscale'`);
    expect(rights.filter(({ writes }) => writes)).toEqual([]);
    expect(rights.filter(({ reads }) => reads)).toHaveLength(HOSTILE_TABLES.length);
    expect(rights.find(({ table }) => table === 'unrelated')).toMatchObject({ reads: false });
    await expect(asReader('create table public.own ()')).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
  });

  it('is repaired where its password or its privileges were changed, and is complete only then', async () => {
    await world.target(`alter role ${REPLICATION_ROLE} password 'another'`);
    const ports = openPorts('test', world.places);
    try {
      const tables = HOSTILE_TABLES;
      const complete = async () =>
        isTargetReaderComplete(await lookAtTargetReader(ports.looking.target, ports.looking.replication, tables));
      expect(await complete()).toBe(false);
      expect((await world.visit('CreateSubscription')).verdict).toBe('done');
      expect(await complete()).toBe(true);
    } finally {
      await ports.close();
    }
  });

  it('is dropped by Cleanup', async () => {
    await world.until('DropReplication');
    expect(await role(world)).toEqual([]);
  });
});

describe('the read-only role on a target where our role may SET ROLE to one with CREATEROLE (#9.9)', () => {
  it('is created and altered as that one', async () => {
    const world = await startWorld({ source: 15, target: 18, targetSchema: 'create table public.t (id int primary key)' });
    await world.target(`create role pscale_api_x login password 'x' in role ${world.database.roles.target};
grant create on database "${world.database.name.replaceAll('"', '""')}" to pscale_api_x`);
    const ports = openPorts('test', { ...world.places, target: loginAs(world, 'target', 'pscale_api_x', 'x') });
    try {
      await ensureTargetReader(ports.acting.target, ports.acting.replication, [{ schema: 'public', table: 't' }]);
      expect(await role(world)).toMatchObject([{ rolcanlogin: true, rolbypassrls: true }]);
      await world.target(`alter role ${REPLICATION_ROLE} password 'another'`);
      await ensureTargetReader(ports.acting.target, ports.acting.replication, [{ schema: 'public', table: 't' }]);
      expect(await ports.acting.replication.works('target')).toBe(true);
    } finally {
      await ports.close();
      await world.destroy();
    }
  });
});
