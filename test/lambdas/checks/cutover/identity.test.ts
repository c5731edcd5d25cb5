import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replicaIdentity } from '../../../../lambdas/checks/cutover/identity.ts';
import { blocker, summary } from '../../../support/findings.ts';
import { follow, switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('replica identities on the side to switch to (#11)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
    await follow(
      world,
      {},
      `create table public.computed (v int, w int generated always as (v + 1) stored); alter table public.computed replica identity full;
      create table public.plain (v int); alter table public.plain replica identity full`,
    );
  });
  afterAll(() => world?.destroy());

  it('are named where published tables could not be updated, and not without a way back', async () => {
    expect(summary(await switchFindings(world, [replicaIdentity]))).toEqual({ NoReplicaIdentityThere: blocker('public.computed') });
    expect(await switchFindings(world, [replicaIdentity], { input: { reverse: false } })).toEqual([]);
    await world.target('alter table public.plain replica identity nothing');
    expect(summary(await switchFindings(world, [replicaIdentity]))).toEqual({
      NoReplicaIdentityThere: blocker('public.computed', 'public.plain'),
    });
  });

  it('are named exactly where the server refuses', async () => {
    await world.target('create publication "there" for table public.computed; insert into public.computed values (1)');
    await expect(world.target('update public.computed set v = 2')).rejects.toThrow(/cannot update table "computed"/);
  });
});
