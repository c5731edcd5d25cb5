import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportedFinding } from '../../../lambdas/checks/report.ts';
import { AlreadyRunning, NotReady, TargetNotKnown } from '../../../lambdas/config/errors.ts';
import { checkReadiness } from '../../../lambdas/steps/check-readiness.ts';
import { passByPolicies } from '../../../rehearsal/application/row-security.ts';
import { TARGET_ROLES } from '../../../rehearsal/servers/planetscale-roles.ts';
import { loadShop } from '../../../rehearsal/shop/load.ts';
import { LONG, ODD } from '../../support/findings.ts';
import { runningBeside, type Sql, startWorld, type World } from '../../support/world.ts';

const CLEAN = `create schema ${ODD}; create table ${ODD}.${LONG} (id bigserial primary key, body jsonb)`;

async function refusalOf(world: World, input = {}): Promise<NotReady> {
  const error = await world.visit('CheckReadiness', { input }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NotReady);
  return error as NotReady;
}

describe('CheckReadiness', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, sourceParameters: { autovacuum: 'off' }, targetParameters: { autovacuum: 'off' } });
  });
  afterAll(() => world?.destroy());

  it('is done on a clean database, and reports the warnings', async () => {
    const clean = await world.sibling('clean');
    await clean.asSourceRole(CLEAN);
    const result = await clean.visit('CheckReadiness');
    expect(result).toMatchObject({ verdict: 'done', evidence: { blockers: [], target: 'looked at' } });
    const { warnings } = result.evidence as unknown as { warnings: { code: string; severity: string; objects: string[] }[] };
    const room = warnings.find(({ code }) => code === 'DiskSpace');
    expect(room).toMatchObject({ severity: 'warning', objects: [expect.stringMatching(/^1 tables, /)] });
  });

  it('says of a target without a login that it was not looked at, and looks at the source alone', async () => {
    const unknown = await world.sibling('unknown');
    await unknown.asSourceRole(CLEAN);
    Object.defineProperty(unknown.places, 'target', { value: undefined });
    const { evidence } = await unknown.visit('CheckReadiness');
    expect(evidence).toMatchObject({ blockers: [], target: 'not looked at' });
    const [first, ...others] = (evidence as { warnings: ReportedFinding[] }).warnings;
    expect(first).toMatchObject({ code: 'TargetNotLookedAt', severity: 'warning' });
    expect(first?.objects).toEqual(expect.arrayContaining(['server versions', 'rights of the target role', 'extensions']));
    expect(others.map(({ code }) => code)).toEqual(expect.arrayContaining(['CopyWay', 'DiskSpace']));
    // In Replicate there was a login a moment ago, so that nothing may go on without it.
    await expect(unknown.visit('CheckReadiness', { state: { ConfigureTarget: { verdict: 'done' } } })).rejects.toThrow(TargetNotKnown);
    await unknown.asSourceRole(`create table ${ODD}."no key" (a int)`);
    const { message } = await refusalOf(unknown);
    expect(message).toContain(`NoReplicaIdentity: ${ODD}."no key".`);
    expect(message).toContain('TargetNotLookedAt');
    expect(message).not.toContain('CouldNotTell');
  });

  it('lists every blocker of both sides, and what could not be checked', async () => {
    const bad = await world.sibling('bad');
    await bad.asSourceRole(`${CLEAN}; create table ${ODD}."no key" (a int); create table public.taken (id int primary key)`);
    await bad.source('revoke select on pg_catalog.pg_largeobject_metadata from public');
    await bad.source(`alter table public.taken owner to rdsadmin`);
    await bad.target('create table public.taken (id int)');
    await bad.target('alter database bad owner to pscale_admin');
    const { message } = await refusalOf(bad);
    for (const part of [
      '10 things stand in the way',
      'Source and target are untouched',
      'TableOfAnotherOwner: public.taken (owner rdsadmin)',
      'NotReadable: public.taken (owner rdsadmin)',
      `TargetRightsMissing: ${TARGET_ROLES.member}: create schemas in the database`,
      'TargetSchemaClosed: public (owner pg_database_owner)',
      'TargetTableOfAnotherOwner: public.taken (owner pscale_admin)',
      'TargetNotEmpty: public.taken',
      `NoReplicaIdentity: ${ODD}."no key".`,
      `alter table ${ODD}."no key" replica identity full;`,
      'CouldNotTell: large objects.',
      'permission denied for table pg_largeobject_metadata',
      'FewSourceWorkers',
    ]) {
      expect(message).toContain(part);
    }
    expect((await refusalOf(bad, { excludeSchemas: ['public'] })).message).not.toContain('taken');
  });

  it('refuses to check while an older execution runs', async () => {
    const younger: typeof checkReadiness = {
      ...checkReadiness,
      inspect: (ctx) => checkReadiness.inspect({ ...ctx, executions: runningBeside('nightly-1') }),
    };
    const refused = world.run('CheckReadiness', younger);
    await expect(refused).rejects.toThrow(AlreadyRunning);
    await expect(refused).rejects.toThrow('nightly-1');
  });

  it('writes nothing on either side: not a byte of WAL, not a transaction id', async () => {
    const quiet = await world.sibling('quiet');
    await quiet.asSourceRole(`${CLEAN}; create table ${ODD}."no key" (a int)`);
    const sides: readonly Sql[] = [quiet.source, quiet.target];
    const positions = () =>
      Promise.all(
        sides.map((sql) => sql('select pg_current_wal_insert_lsn()::text as lsn, pg_snapshot_xmax(pg_current_snapshot())::text as xid')),
      );
    // Reading may tidy pages up that were written before, so that is done beforehand; and now and then a server writes by itself.
    for (const sql of sides) {
      await sql('vacuum');
      await sql('checkpoint');
    }
    const once = async () => {
      const before = await positions();
      await refusalOf(quiet);
      const after = await positions();
      expect(after.map(([row]) => row?.xid)).toEqual(before.map(([row]) => row?.xid));
      return JSON.stringify(after) === JSON.stringify(before);
    };
    expect((await once()) || (await once()) || (await once())).toBe(true);
  });
});

describe('CheckReadiness on the supported versions', () => {
  it.each([
    [11, 17],
    [13, 18],
    [15, 17],
    [17, 18],
  ] as const)('finds the sample shop ready to move from %i to %i', async (source, target) => {
    const world = await startWorld({ source, target, sourceParameters: { wal_level: 'replica' } });
    try {
      await loadShop(world.database.source, 10);
      await passByPolicies(world.database.source);
      const { evidence } = await world.visit('CheckReadiness');
      const warnings = (evidence as { warnings: { code: string }[] }).warnings.map(({ code }) => code);
      expect(warnings).toEqual(
        expect.arrayContaining(['WalLevelWillChange', 'FullReplicaIdentity', 'RowSecurity', 'UnloggedTable', 'DiskSpace']),
      );
      expect(warnings.includes('GeneratedColumn')).toBe(source >= 12);
    } finally {
      await world.destroy();
    }
  });
});
