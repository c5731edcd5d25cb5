import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowSecurity, sourceRole, sourceTables, targetRole } from '../../../../lambdas/checks/readiness/rights.ts';
import { REPLICATION_ROLE } from '../../../../lambdas/config/names.ts';
import { blocker, findingsOf, ODD, poorRole, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [sourceRole, sourceTables, targetRole, rowSecurity];

describe("the check of both roles' privileges", () => {
  let world: World;
  let old: World;
  /** Where RDS has made nothing. */
  let plain: World;
  beforeAll(async () => {
    [world, old, plain] = await Promise.all([
      startWorld({ source: 17, target: 18 }),
      startWorld({ source: 15, target: 18 }),
      startWorld({ source: 17, target: 18, plainSource: 'createdb createrole replication bypassrls' }),
    ]);
  });
  afterAll(() => Promise.all([world?.destroy(), old?.destroy(), plain?.destroy()]));

  it("finds nothing missing for a master user and PlanetScale's default role", async () => {
    for (const one of [await world.sibling('ordinary'), await old.sibling('ordinary'), await plain.sibling('ordinary')]) {
      await one.asSourceRole('create table t (id serial primary key); create schema s; create table s.t (id int primary key)');
      expect(await findingsOf(one, CHECKS)).toEqual([]);
    }
  });

  it('finds every privilege that a role on the source lacks', async () => {
    const poor = await poorRole('source', world, 'Poor "one"');
    expect(summary(await findingsOf(world, [sourceRole], { source: poor }))).toEqual({
      SourceRightsMissing: blocker(
        'Poor "one": create a role that may replicate',
        'Poor "one": create a replication slot',
        'Poor "one": create a publication and a schema in the database',
      ),
    });
  });

  it('accepts REPLICATION with CREATEROLE from 16 on, and not before', async () => {
    const grants = ['alter role :role createrole replication', 'grant create on database "Shop ""main""" to :role'];
    expect(await findingsOf(plain, [sourceRole], { source: await poorRole('source', plain, 'new', ...grants) })).toEqual([]);
    const before = await startWorld({ source: 15, target: 18, plainSource: 'createdb createrole replication' });
    try {
      expect(summary(await findingsOf(before, [sourceRole], { source: await poorRole('source', before, 'new', ...grants) }))).toEqual({
        SourceRightsMissing: blocker('new: create a role that may replicate'),
      });
    } finally {
      await before.destroy();
    }
  });

  it('accepts rds_superuser where RDS has its roles, and rejects rds_replication or attributes alone (#10)', async () => {
    for (const one of [old, world]) {
      const grants = ['alter role :role createrole', 'grant create on database "Shop ""main""" to :role'];
      const master = await poorRole('source', one, 'master', ...grants, 'grant rds_superuser to :role');
      const other = await poorRole('source', one, 'other', ...grants, 'alter role :role replication', 'grant rds_replication to :role');
      expect(await findingsOf(one, [sourceRole], { source: master })).toEqual([]);
      expect(summary(await findingsOf(one, [sourceRole], { source: other }))).toEqual({
        SourceRightsMissing: blocker('other: create a role that may replicate'),
      });
    }
  });

  it('finds tables, sequences and schemas of other owners', async () => {
    const shared = await world.sibling('shared');
    await shared.source(`
create role "Other ""one"""; create role friend; grant friend to aurora_master;
create schema ${ODD}; create table ${ODD}."T" (id serial primary key); create table ${ODD}.lent (id int primary key);
alter table ${ODD}."T" owner to "Other ""one"""; alter table ${ODD}.lent owner to friend;
create table public.out (id int); create sequence public.closed;
create schema left_out; create table left_out.t (id int)`);
    const input = { excludeSchemas: ['left_out'], excludeTables: ['public.out'] };
    const found = await findingsOf(shared, [sourceTables], { input });
    expect(summary(found)).toEqual({
      TableOfAnotherOwner: blocker(`${ODD}."T" (owner Other "one")`),
      NotReadable: blocker(
        `${ODD}."T" (owner Other "one")`,
        `${ODD}."T_id_seq" (owner Other "one")`,
        `${ODD}.lent (owner friend)`,
        'public.closed (owner rdsadmin)',
      ),
      SchemaNotGrantable: blocker(`${ODD} (owner rdsadmin)`),
    });
    expect(found[0]?.statements).toEqual(['grant "Other ""one""" to "aurora_master";']);
    for (const statement of new Set(found.flatMap(({ statements = [] }) => statements))) await shared.source(statement);
    expect(await findingsOf(shared, [sourceTables], { input })).toEqual([]);
    await shared.source('revoke rdsadmin from aurora_master');
  });

  it('finds every privilege that a role on the target lacks', async () => {
    const full = await world.sibling('full');
    await full.source(`create schema ${ODD}; create table ${ODD}."T" (id int primary key); create table public.t (id int primary key)`);
    await full.target(`create schema ${ODD}; create table ${ODD}."T" (id int primary key)`);
    const poor = await poorRole('target', full, 'Poor "two"');
    const found = await findingsOf(full, [targetRole], { target: poor });
    expect(summary(found)).toEqual({
      TargetRightsMissing: blocker(
        'Poor "two": create a subscription (membership in pg_create_subscription)',
        'Poor "two": create schemas in the database',
      ),
      TargetSchemaClosed: blocker(`${ODD} (owner pscale_admin)`, 'public (owner pg_database_owner)'),
      TargetTableOfAnotherOwner: blocker(`${ODD}."T" (owner pscale_admin)`),
    });
    for (const statement of found.flatMap(({ statements = [] }) => statements)) await full.target(statement);
    expect(Object.keys(summary(await findingsOf(full, [targetRole], { target: poor })))).not.toContain('TargetSchemaClosed');
  });

  const PROTECTED = `
create schema ${ODD};
create table ${ODD}."Secret" (id int primary key); alter table ${ODD}."Secret" enable row level security;
create table ${ODD}.forced (id int primary key); alter table ${ODD}.forced enable row level security, force row level security;
create table ${ODD}.open (id int primary key)`;

  it('warns of row-level security where the replication role can be given BYPASSRLS', async () => {
    const guarded = await plain.sibling('guarded');
    await guarded.asSourceRole(PROTECTED);
    expect(summary(await findingsOf(guarded, [rowSecurity]))).toEqual({ RowSecurity: warning(`${ODD}."Secret"`, `${ODD}.forced`) });
  });

  it("blocks on row-level security without BYPASSRLS, as with Aurora's master user (#10)", async () => {
    const guarded = await world.sibling('guarded');
    await guarded.asSourceRole(PROTECTED);
    expect(summary(await findingsOf(guarded, [rowSecurity]))).toEqual({
      RowSecurityHidesRows: blocker(`${ODD}."Secret" (owner aurora_master)`, `${ODD}.forced (owner aurora_master)`),
    });
  });

  it('blocks on row-level security until the remedy is carried out', async () => {
    const guarded = await old.sibling('guarded');
    const grants = ['alter role :role createrole replication', 'alter database guarded owner to :role'];
    const master = await poorRole('source', guarded, 'Master "x"', ...grants);
    await guarded.source(`set role "Master ""x"""; ${PROTECTED}`);
    const found = await findingsOf(guarded, [rowSecurity], { source: master });
    expect(summary(found)).toEqual({
      RowSecurityHidesRows: blocker(`${ODD}."Secret" (owner Master "x")`, `${ODD}.forced (owner Master "x")`),
    });
    expect(found[0]?.remedy).toContain('What Master "x" itself owns needs another owner first');
    expect(found[0]?.statements).toEqual([`alter table ${ODD}.forced no force row level security;`]);
    await guarded.source(`create role keeper; grant keeper to "Master ""x""";
alter table ${ODD}."Secret" owner to keeper; alter table ${ODD}.forced owner to keeper`);
    const kept = await findingsOf(guarded, [rowSecurity], { source: master });
    expect(kept[0]?.statements).toEqual([
      `create role ${REPLICATION_ROLE};`,
      `grant "keeper" to "${REPLICATION_ROLE}";`,
      `alter table ${ODD}.forced no force row level security;`,
    ]);
    for (const statement of kept[0]?.statements ?? []) await guarded.source(statement);
    expect(Object.keys(summary(await findingsOf(guarded, [rowSecurity], { source: master })))).toEqual(['RowSecurity']);
  });
});
