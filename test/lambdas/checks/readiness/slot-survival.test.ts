import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotOfTheWayBack as beforeTheSwitch } from '../../../../lambdas/checks/cutover/slot-survival.ts';
import { slotOfTheWayBack } from '../../../../lambdas/checks/readiness/slot-survival.ts';
import { subscriptionName } from '../../../../lambdas/config/names.ts';
import { findingsOf, summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
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

  it('is not reported where the input wants no way back (#10)', async () => {
    expect(await switchFindings(world, [beforeTheSwitch], { input: { reverse: false } })).toEqual([]);
  });

  it('is reported by name alone where both settings are on, as that cannot be read (#10)', async () => {
    await world.pair.target.restart({ sync_replication_slots: 'on', hot_standby_feedback: 'on' });
    expect(summary(await findingsOf(world, [slotOfTheWayBack]))).toEqual(entered());
  });
});
