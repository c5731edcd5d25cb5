/** How the streams are made that a switchover of the target has to spare, and what becomes of one that it did not spare. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CUTOVER } from '../../../lambdas/config/direction.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import { partiesOf, takeBackStreams } from '../../../lambdas/replication/streams.ts';
import { switchTargetOver } from '../../../rehearsal/servers/switchover.ts';
import { holdForward } from '../../support/held.ts';
import { sidesOf } from '../../support/partial-switch.ts';
import { replicated } from '../../support/replicated.ts';
import { letInApplication, SWITCHABLE } from '../../support/switchable.ts';
import { versions } from '../../support/versions.ts';
import type { World } from '../../support/world.ts';

const SLOTS = `select slot_name::text as name, coalesce((to_jsonb(s) ->> 'failover')::boolean, false) as survives from pg_replication_slots as s
where database = current_database()`;
const SUBSCRIPTIONS = `select s.subname::text as name, s.subsynccommit as commit, (to_jsonb(s) ->> 'subfailover')::boolean as survives
from pg_subscription as s join pg_database as d on d.oid = s.subdbid where d.datname = current_database()`;

describe.each(versions([11, 17] as const, [15, 18] as const, [17, 18] as const))(
  'the streams of a switch from %i to %i',
  (source, target) => {
    let world: World;
    let forward: string;
    let reverse: string;
    beforeAll(async () => {
      world = await letInApplication(await replicated({ ...SWITCHABLE, source, target }));
      forward = subscriptionName(world.database.name);
      reverse = subscriptionName(world.database.name, 'reverse');
    });
    afterAll(() => world?.destroy());
    const enabled = async () => (await world.target('select subenabled from pg_subscription where subname = $1', [forward]))[0]?.subenabled;

    it('confirm what is flushed, from the beginning (#10)', async () => {
      expect(await world.target(SUBSCRIPTIONS)).toEqual([{ name: forward, commit: 'on', survives: false }]);
    });

    it('are not enabled by an aborted attempt where another session has disabled them (#10)', async () => {
      const parties = partiesOf(CUTOVER, sidesOf(world));
      await world.target(`alter subscription ${forward} disable`);
      expect(await takeBackStreams(parties)).toEqual([]);
      expect(await enabled(), 'disabled by others').toBe(false);
      await expect(world.visit('SwitchOver')).rejects.toThrow(
        /is disabled, and not by this migration.*Nothing was fenced.*PlanetScale disables/s,
      );
      await world.target(`alter subscription ${forward} enable`);
      await holdForward(world);
      expect(await takeBackStreams(parties)).toEqual([]);
      expect(await enabled(), 'disabled by a switch').toBe(true);
    });

    it('have a failover slot on the target, and an ordinary one on the source (#10)', async () => {
      await world.visit('SwitchOver', { input: { reverse: true } });
      expect(await world.target(SLOTS)).toEqual([{ name: reverse, survives: true }]);
      expect(await world.source(SUBSCRIPTIONS)).toEqual([{ name: reverse, commit: 'on', survives: source >= 17 ? true : null }]);
      await world.visit('SwitchBack', { execution: 'back', input: { reverse: true } });
      expect(await world.source(SLOTS)).toEqual([{ name: forward, survives: false }]);
      expect(await world.target(SUBSCRIPTIONS)).toEqual([{ name: forward, commit: 'on', survives: false }]);
    });

    it('are reported lost where the target has lost its slot since (#10)', async () => {
      const over = await world.visit('SwitchOver', { execution: 'again', input: { reverse: true } });
      expect(over.evidence).toMatchObject({ wayBack: expect.stringContaining('possible to go back') });
      await switchTargetOver(world.pair.target, []);
      const again = await world.visit('SwitchOver', { execution: 'once more', input: { reverse: true } });
      expect(again).toMatchObject({ verdict: 'done', evidence: { wayBack: expect.stringContaining(`gone from the target`) } });
    });
  },
);
