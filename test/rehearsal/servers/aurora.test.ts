import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import { DUPLICATE_OBJECT, INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { SOURCE_ROLE, startSource } from '../../../rehearsal/servers/pair.ts';
import { versions } from '../../support/versions.ts';
import { type Sql, sqlOn } from '../../support/world.ts';

describe.each(versions(11, 13, 15, 17, 18))('the embedded source %i in the manner of Aurora (#10)', (version) => {
  let side: Awaited<ReturnType<typeof startSource>>;
  let database: ConnectionSettings;
  let master: Sql;
  let superuser: Sql;
  beforeAll(async () => {
    side = await startSource(version, { wal_level: 'logical' });
    database = await side.createDatabase('Shop "main"');
    master = sqlOn(database);
    superuser = sqlOn(side.server.superuser(database.database));
  });
  afterAll(() => side?.server.destroy());

  it('has a master user with CREATEDB and CREATEROLE, a member of rds_superuser, and nothing more', async () => {
    const attributes = `select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
      array(select pg_get_userbyid(m.roleid)::text from pg_auth_members as m where m.member = r.oid) as memberships
      from pg_roles as r where rolname = $1`;
    expect(await master(attributes, [SOURCE_ROLE])).toEqual([
      {
        rolsuper: false,
        rolcreatedb: true,
        rolcreaterole: true,
        rolreplication: false,
        rolbypassrls: false,
        memberships: ['rds_superuser'],
      },
    ]);
    const [group] = await master(attributes, ['rds_superuser']);
    expect(group).toMatchObject({ rolsuper: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false });
    expect(group?.memberships).toEqual(expect.arrayContaining(['pg_monitor', 'pg_signal_backend', 'rds_replication', 'rds_password']));
  });

  it.each([
    'alter role someone replication',
    'alter role someone bypassrls',
    'alter role someone superuser',
    "alter system set work_mem = '4MB'",
    'set session_replication_role = replica',
    'alter role rdsadmin nologin',
    'grant rdsadmin to someone',
    `select subconninfo from pg_subscription`,
  ])('refuses: %s', async (statement) => {
    await superuser('do $$ begin create role someone; exception when duplicate_object then null; end $$');
    await expect(master(statement)).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
  });

  it('admits rdsadmin alone to its database, where rdsadmin has a session, also after a restart', async () => {
    await expect(sqlOn({ ...database, database: 'rdsadmin' })('select')).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    await side.server.restart();
    await expect
      .poll(() => master(`select usename::text as by from pg_stat_activity where datname = 'rdsadmin'`), { timeout: 20_000 })
      .toEqual([{ by: 'rdsadmin' }]);
    await expect(master(`select pg_terminate_backend(pid) from pg_stat_activity where datname = 'rdsadmin'`)).rejects.toMatchObject({
      code: INSUFFICIENT_PRIVILEGE,
    });
  });

  it('lets members of rds_replication alone create slots and stream, and lets these be altered', async () => {
    await master(`create role "The ""Reader""" login password 'first'`);
    const reader = (password: string) => ({ ...database, user: 'The "Reader"', password });
    const slot = `select from pg_create_logical_replication_slot('one', 'pgoutput')`;
    await expect(sqlOn(reader('first'))(slot)).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    await expect(identify(reader('first'))).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    await master('grant rds_replication to "The ""Reader"""');
    await master(`alter role "The ""Reader""" login password 'second'`);
    await master(`alter role "The ""Reader""" connection limit 5`);
    expect(await identify(reader('second'))).toEqual([{ dbname: database.database }]);
    expect(await sqlOn(reader('second'))(slot)).toHaveLength(1);
    expect(await master(`select database::text, plugin::text from pg_replication_slots`)).toEqual([
      { database: database.database, plugin: 'pgoutput' },
    ]);
    await sqlOn(reader('second'))(`select pg_drop_replication_slot('one')`);
    await master('revoke rds_replication from "The ""Reader"""');
    await expect(identify(reader('second'))).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    await master('drop role "The ""Reader"""');
  });

  it('lets its master user create and own a subscription, and no role without rds_superuser', async () => {
    const create = `create subscription mine connection 'password=none' publication p with (connect = false)`;
    await superuser(`create role stranger login password 'x'; grant create on database "Shop ""main""" to stranger`);
    await expect(sqlOn({ ...database, user: 'stranger', password: 'x' })(create)).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
    await master(create);
    await expect(master(create)).rejects.toMatchObject({ code: DUPLICATE_OBJECT });
    expect(await master('select pg_get_userbyid(subowner)::text as owner from pg_subscription')).toEqual([{ owner: SOURCE_ROLE }]);
    await master('comment on subscription mine is $$note$$');
    await master('alter subscription mine set (slot_name = none)');
    await master('drop subscription mine');
    expect(
      await superuser(`select from pg_shdepend where classid = 'pg_subscription'::regclass`),
      'no owner of what is gone is left behind',
    ).toEqual([]);
  });

  it('lets its master user add extensions', async () => {
    await master('create extension hstore');
    expect(await master(`select pg_get_userbyid(extowner)::text as owner from pg_extension where extname = 'hstore'`)).toEqual([
      { owner: SOURCE_ROLE },
    ]);
    await master('drop extension hstore');
  });
});

/** Asks over the replication protocol, which only a role that may replicate can. */
async function identify(settings: ConnectionSettings): Promise<unknown[]> {
  const client = new pg.Client({ ...clientConfig(settings, 'test'), replication: 'database' } as pg.ClientConfig);
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ dbname: string }>('IDENTIFY_SYSTEM');
    return rows.map(({ dbname }) => ({ dbname }));
  } finally {
    await client.end();
  }
}
