import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotOfTheWayBack as beforeTheSwitch } from '../../../../lambdas/checks/cutover/slot-survival.ts';
import { slotOfTheWayBack } from '../../../../lambdas/checks/readiness/slot-survival.ts';
import { TransientError } from '../../../../lambdas/config/errors.ts';
import { subscriptionName } from '../../../../lambdas/config/names.ts';
import { type PlanetScale, WITHOUT_TOKEN } from '../../../../lambdas/ports/planetscale.ts';
import { findingsOf, summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { PARAMETERS, playPlanetScale } from '../../../support/played-planetscale.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('the fate of the return slot in a switchover of the target', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 17 });
  });
  afterAll(() => world?.destroy());
  const entered = () => ({ SlotNameToEnter: warning(subscriptionName(world.database.name, 'reverse')) });

  it('is reported by Preflight and CheckCutover, with the parameters and the name to enter (#10)', async () => {
    const found = await findingsOf(world, [slotOfTheWayBack]);
    expect(summary(found)).toEqual({
      SlotLostAtSwitchover: warning('target: sync_replication_slots = off', 'target: hot_standby_feedback = off'),
      ...entered(),
    });
    expect(found.map(({ remedy }) => remedy)).toEqual([
      expect.stringContaining('Clusters → Parameters'),
      expect.stringContaining(`Enter ${subscriptionName(world.database.name, 'reverse')} under Clusters → Parameters → Failover`),
    ]);
    expect(await switchFindings(world, [beforeTheSwitch])).toEqual(found);
  });

  it('is told of by CheckCutover only where the list lacks the name, as far as the API shows the list (#15)', async () => {
    const slot = subscriptionName(world.database.name, 'reverse');
    const named = async (planetscale: Partial<PlanetScale>) => {
      const found = await switchFindings(world, [beforeTheSwitch], { planetscale: { ...playPlanetScale().planetscale, ...planetscale } });
      return found.find(({ code }) => code === 'SlotNameToEnter')?.message;
    };
    const listing = (value: string) => async () => PARAMETERS.map((one) => (one.name === 'logical_slots' ? { ...one, value } : one));
    expect(await named({ parameters: listing(`other,${slot}`) })).toBeUndefined();
    expect(await named({ parameters: listing('other') })).toContain('It is not in there.');
    const unread = 'That list cannot be read from here.';
    expect(await named({ parameters: async () => [] })).toContain(unread);
    expect(await named({ parameters: () => Promise.reject(new TransientError('The API did not answer.')) })).toContain(unread);
    expect(await named(WITHOUT_TOKEN.planetscale)).toContain(unread);
  });

  it('is not reported where the input wants no way back (#10)', async () => {
    expect(await switchFindings(world, [beforeTheSwitch], { input: { reverse: false } })).toEqual([]);
  });

  it('is reported by name alone where both settings are on, as that cannot be read (#10)', async () => {
    await world.pair.target.restart({ sync_replication_slots: 'on', hot_standby_feedback: 'on' });
    expect(summary(await findingsOf(world, [slotOfTheWayBack]))).toEqual(entered());
  });
});
