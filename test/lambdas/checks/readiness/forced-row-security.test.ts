import { afterAll, describe, expect, it } from 'vitest';
import { forcedRowSecurity } from '../../../../lambdas/checks/readiness/forced-row-security.ts';
import { createHeartbeat } from '../../../../lambdas/state/heartbeat.sql.ts';
import { blocker, findingsOf, summary } from '../../../support/findings.ts';
import { eventually, published, tableStates } from '../../../support/replicated.ts';
import type { World } from '../../../support/world.ts';

/** BuildIndexes switches the policies on, when everything is copied. */
const PLAIN = 'create table public.secret (id int primary key); create table public.open (id int primary key)';
const FORCE = 'alter table public.secret enable row level security, force row level security';
const FORCED = `create table public.secret (id int primary key); alter table public.secret enable row level security, force row level security;
create table public.open (id int primary key); alter table public.open enable row level security`;

describe('forced row-level security (#10)', () => {
  const worlds: World[] = [];
  afterAll(() => Promise.all(worlds.map((world) => world.destroy())));

  const forced = async (targetLogin: 'member' | 'default'): Promise<World> => {
    const world = await published({
      source: 17,
      target: 18,
      targetLogin,
      plainSource: 'createdb createrole replication bypassrls', // what Aurora's master user could not copy
      schema: FORCED,
      targetSchema: `${PLAIN};${createHeartbeat().text}`,
    });
    worlds.push(world);
    return world;
  };

  const changedUnderForce = async (world: World): Promise<void> => {
    await world.until('CreateSubscription');
    await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
    await world.target(FORCE);
    await world.source('insert into public.secret values (1)');
  };

  it('stops a login without BYPASSRLS, which Preflight reports with the remedy', async () => {
    const world = await forced('member');
    const found = await findingsOf(world, [forcedRowSecurity]);
    expect(summary(found)).toEqual({ ForcedRowSecurityOnTarget: blocker('public.secret') });
    expect(found[0]?.statements).toEqual(['alter table public.secret no force row level security;']);
    expect(found[0]?.remedy).toContain("PlanetScale's default role postgres");
    await changedUnderForce(world);
    await eventually(async () => (await world.target('select from pg_stat_subscription_stats where apply_error_count > 0')).length === 1);
    expect(await world.target('select from public.secret')).toEqual([]);
  });

  it('does not stop the default role', async () => {
    const world = await forced('default');
    expect(await findingsOf(world, [forcedRowSecurity])).toEqual([]);
    await changedUnderForce(world);
    await eventually(async () => (await world.target('select from public.secret')).length === 1);
  });
});
