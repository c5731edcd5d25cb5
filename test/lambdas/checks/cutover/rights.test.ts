import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fenceRights, streamRights } from '../../../../lambdas/checks/cutover/rights.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { PUBLICATION } from '../../../../lambdas/config/names.ts';
import { TARGET_ROLES } from '../../../../rehearsal/servers/planetscale-roles.ts';
import { blocker, ODD, poorRole, summary } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [fenceRights, streamRights];

describe('privileges for a switch', () => {
  let world: World;
  let old: World;
  let byDefault: World;
  beforeAll(async () => {
    [world, old, byDefault] = await Promise.all([
      startWorld({ source: 17, target: 18 }),
      startWorld({ source: 15, target: 18 }),
      startWorld({ source: 17, target: 17, targetLogin: 'default' }),
    ]);
  });
  afterAll(() => Promise.all([world?.destroy(), old?.destroy(), byDefault?.destroy()]));

  it('suffice for a master user and both logins of PlanetScale, in both directions (#10)', async () => {
    for (const direction of [undefined, ROLLBACK]) {
      for (const one of [world, old, byDefault]) expect(await switchFindings(one, CHECKS, direction ? { direction } : {})).toEqual([]);
    }
  });

  it('are named where a role lacks them, on either side', async () => {
    const source = await poorRole('source', world, 'Poor "one"');
    const target = await poorRole('target', world, 'Poor "two"');
    expect(summary(await switchFindings(world, CHECKS, { source, target }))).toEqual({
      FenceRightsMissing: blocker(
        'source: Poor "one" may not alter the database (it is not its owner)',
        'source: Poor "one" may not end others\' sessions (it is no member of pg_signal_backend)',
        'target: Poor "two" may not alter the database (it is not its owner)',
        'target: Poor "two" may not end others\' sessions (it is no member of pg_signal_backend)',
      ),
      StreamRightsMissing: blocker(
        'target: Poor "two" may not make a role that replicates',
        'target: Poor "two" may not make a replication slot',
        'target: Poor "two" may not make a publication in the database',
        'source: Poor "one" may not make a subscription',
        'source: Poor "one" may not make anything in the database',
      ),
    });
    const found = summary(await switchFindings(world, CHECKS, { source, target, input: { reverse: false } }));
    expect(Object.keys(found)).toEqual(['FenceRightsMissing']);
  });

  it('to subscribe before version 16 follow from rds_superuser', async () => {
    const grants = ['grant create on database "Shop ""main""" to :role'];
    const plain = await poorRole('source', old, 'plain', ...grants);
    expect(summary(await switchFindings(old, [streamRights], { source: plain }))).toEqual({
      StreamRightsMissing: blocker('source: plain may not make a subscription'),
    });
    await old.source('grant rds_superuser to plain');
    expect(await switchFindings(old, [streamRights], { source: plain })).toEqual([]);
  });

  it('are missing for tables of owners that our role is no member of, with the remedy', async () => {
    const one = await world.sibling('owners');
    const make = `create role other_owner; create schema ${ODD}; create table ${ODD}."T" (id int primary key);
alter table ${ODD}."T" owner to other_owner`;
    await Promise.all([one.source(make), one.target(make)]);
    await one.source(`create publication ${PUBLICATION} for table ${ODD}."T"`);
    const found = await switchFindings(one, [streamRights]);
    expect(summary(found)).toEqual({
      TableOfAnotherOwner: blocker(`source: ${ODD}."T" (owner other_owner)`, `target: ${ODD}."T" (owner other_owner)`),
    });
    expect(found[0]?.statements).toEqual(['grant "other_owner" to "aurora_master";', `grant "other_owner" to "${TARGET_ROLES.member}";`]);
    await one.source(found[0]?.statements?.[0] ?? '');
    await one.target(found[0]?.statements?.[1] ?? '');
    expect(await switchFindings(one, [streamRights])).toEqual([]);
  });
});
