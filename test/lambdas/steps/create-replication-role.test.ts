import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import { qualified } from '../../../lambdas/postgres/quote.ts';
import { INVALID_PASSWORD } from '../../../lambdas/postgres/sqlstates.ts';
import { HOSTILE_TABLES, hostileSchema } from '../../support/hostile.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { REPLICATION_PASSWORD, sqlOn, startWorld, type World } from '../../support/world.ts';

const rights = async (world: World) => ({
  role: await world.source('select rolcanlogin, rolreplication, rolbypassrls, rolsuper from pg_roles where rolname = $1', [
    REPLICATION_ROLE,
  ]),
  readable: await world.source(
    `select c.oid::regclass::text as "table" from pg_class as c join pg_roles as r on r.rolname = $1
     where c.relkind = 'r' and c.oid >= 16384 and has_table_privilege(r.oid, c.oid, 'select')
       and has_schema_privilege(r.oid, c.relnamespace, 'usage') order by 1`,
    [REPLICATION_ROLE],
  ),
  settings: await world.source('select setconfig from pg_db_role_setting where setrole = to_regrole($1)', [REPLICATION_ROLE]),
});

/** Logs in as the role and counts the rows of a table. */
const countAs = async (world: World, password: string, { schema, table } = HOSTILE_TABLES[1] ?? { schema: '', table: '' }) => {
  const sql = sqlOn({ ...world.database.source, user: REPLICATION_ROLE, password });
  return sql(`select count(*)::int as count from ${qualified(schema, table)}`);
};

describe("CreateReplicationRole, run by Aurora's master user", () => {
  describeLifecycle('CreateReplicationRole', { world: () => startWorld({ source: 17, schema: hostileSchema() }), effect: rights });
});

describe.each([11, 13, 15, 18] as const)('CreateReplicationRole on version %i (#10)', (source) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, schema: hostileSchema(), sourceParameters: { log_statement: 'all' } });
  });
  afterAll(() => world?.destroy());

  it('lets the role read what is published and stream, without BYPASSRLS where our role cannot grant it', async () => {
    const result = await world.visit('CreateReplicationRole', { input: { excludeTables: ['public.plain'] } });
    expect(result).toMatchObject({ verdict: 'done', evidence: { passwordWorks: true, tables: HOSTILE_TABLES.length - 1 } });
    const { role, readable, settings } = await rights(world);
    expect(role).toEqual([{ rolcanlogin: true, rolreplication: true, rolbypassrls: false, rolsuper: false }]);
    expect(readable).toHaveLength(HOSTILE_TABLES.length); // one excluded, our heartbeat added
    expect(readable).not.toContainEqual({ table: 'plain' });
    expect(settings).toEqual([{ setconfig: expect.arrayContaining(['statement_timeout=0', 'lock_timeout=0', 'row_security=off']) }]);
  });

  it('adds a table that was excluded before', async () => {
    await world.visit('CreateReplicationRole');
    expect((await rights(world)).readable).toContainEqual({ table: 'plain' });
  });

  it('lets the role read tables that are made later', async () => {
    await world.asSourceRole('create table "Mixed Case".later (id int)');
    expect(await countAs(world, REPLICATION_PASSWORD, { schema: 'Mixed Case', table: 'later' })).toEqual([{ count: 0 }]);
  });

  it('follows a rotated secret', async () => {
    const rotated = 'rotated "canary" password';
    const { replication } = world.places;
    Object.assign(world.places, { replication: { ...replication, password: async () => rotated } });
    await world.visit('CreateReplicationRole');
    expect(await countAs(world, rotated)).toEqual([{ count: 0 }]);
    await expect(countAs(world, REPLICATION_PASSWORD)).rejects.toMatchObject({ code: INVALID_PASSWORD });
    Object.assign(world.places, { replication });
    await world.visit('CreateReplicationRole');
    expect(await countAs(world, REPLICATION_PASSWORD)).toEqual([{ count: 0 }]);
  });

  it('restores privileges and settings that were revoked', async () => {
    const before = await rights(world);
    await world.source(
      `alter role ${REPLICATION_ROLE} in database ${'"Shop ""main"""'} set statement_timeout = '1s';
alter role ${REPLICATION_ROLE} nologin; revoke usage on schema "Mixed Case" from ${REPLICATION_ROLE}`,
    );
    await world.asSourceRole(`revoke rds_replication from ${REPLICATION_ROLE}`);
    expect((await rights(world)).role).toEqual([{ rolcanlogin: false, rolreplication: false, rolbypassrls: false, rolsuper: false }]);
    await world.visit('CreateReplicationRole');
    const after = await rights(world);
    expect({ ...after, settings: null }).toEqual({ ...before, settings: null });
    expect(after.settings).toEqual([{ setconfig: expect.arrayContaining(['statement_timeout=0']) }]);
  });

  it('lets it replicate through rds_replication, without the attribute REPLICATION', async () => {
    expect(
      await world.source(`select r.rolname::text as granted, a.admin_option as admin from pg_auth_members as a
        join pg_roles as r on r.oid = a.roleid where a.member = '${REPLICATION_ROLE}'::regrole`),
    ).toEqual([{ granted: 'rds_replication', admin: false }]);
    expect(world.pair.source.log).not.toContain(`alter role "${REPLICATION_ROLE}" replication`);
  });

  it('never logs the password, but its verifier where our role is no superuser (#9.13)', () => {
    expect(world.pair.source.log).toContain('pg_db_role_setting');
    expect(world.pair.source.log).not.toContain('canary');
    // Bound values are logged whatever our role wants.
    expect(world.pair.source.log).toContain('SCRAM-SHA-256$4096');
  });
});

describe.each([
  [15, 'superuser'],
  [18, 'replication bypassrls'],
] as const)('CreateReplicationRole on a plain server of version %i, run by a role with %s', (source, attributes) => {
  it('grants its attributes, so that the role streams and passes policies', async () => {
    const world = await startWorld({
      ...{ source, schema: hostileSchema(), sourceParameters: { log_statement: 'all' } },
      plainSource: `createrole createdb ${attributes}`,
    });
    try {
      expect(await world.visit('CreateReplicationRole')).toMatchObject({ verdict: 'done', evidence: { mayReplicate: true } });
      expect((await rights(world)).role).toEqual([{ rolcanlogin: true, rolreplication: true, rolbypassrls: true, rolsuper: false }]);
      expect(world.pair.source.log.includes('SCRAM-SHA-256$4096')).toBe(attributes !== 'superuser');
    } finally {
      await world.destroy();
    }
  });
});
