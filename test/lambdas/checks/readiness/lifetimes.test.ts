import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lifetimes } from '../../../../lambdas/checks/readiness/lifetimes.ts';
import { TARGET_ROLES } from '../../../../rehearsal/servers/planetscale-roles.ts';
import { findingsOf } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('logins with an expiry (#10)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 13, target: 18 });
  });
  afterAll(() => world?.destroy());

  const end = (until: string) => world.target(`alter role ${TARGET_ROLES.member} valid until '${until}'`);

  it('are none where no role has an end, or one of infinity', async () => {
    expect(await findingsOf(world, [lifetimes])).toEqual([]);
    await end('infinity');
    expect(await findingsOf(world, [lifetimes])).toEqual([]);
  });

  it('are named with the day where a role of ours expires', async () => {
    await end('2999-12-31 12:00 UTC');
    await world.source(`alter role aurora_master valid until '2999-01-01 UTC'`);
    expect(await findingsOf(world, [lifetimes])).toMatchObject([
      {
        ...{ code: 'LoginEnds', severity: 'warning' },
        objects: ['source: aurora_master until 2999-01-01 00:00 UTC', `target: ${TARGET_ROLES.member} until 2999-12-31 12:00 UTC`],
        remedy: expect.stringContaining('a role without a time to live (Settings → Roles)'),
      },
    ]);
    await world.source(`alter role aurora_master valid until 'infinity'`);
  });

  it('block the migration where the end is less than a day away', async () => {
    const [soon] = await world.target(`select (clock_timestamp() + interval '23 hours')::text as soon`);
    await end(String(soon?.soon));
    expect(await findingsOf(world, [lifetimes])).toMatchObject([{ code: 'LoginEndsSoon', severity: 'blocker' }]);
  });
});
