/** Room for the stream that the switch makes: slot and walsender on the side switched to, origin and worker on the side switched from. */

import { blocker } from '../finding.ts';
import { full, publisherRoomOn } from '../readiness/publisher-room.ts';
import { valuesOf } from '../readiness/settings.ts';
import type { Check } from '../run.ts';
import type { SwitchCheckContext } from './context.ts';
import { subscriberUse } from './subscriber-use.sql.ts';

/** From 18 on, origins have a setting of their own. */
const ORIGINS_HAVE_THEIR_OWN_SETTING = 18;

/** Runs a check only where the switch makes a stream. */
const ifStreamIsMade = (check: Check<SwitchCheckContext>): Check<SwitchCheckContext> => ({
  name: check.name,
  find: async (ctx) => (ctx.input.reverse ? check.find(ctx) : []),
});

export const publisherRoom = ifStreamIsMade({
  name: 'room for a slot',
  async find({ to, next }) {
    const room = await publisherRoomOn(to.name, to.reader, next);
    return [
      ...blocker({
        code: 'WalLevelNotLogical',
        objects: room.walLevel,
        message: `The ${to.name} does not decode its WAL logically, so it could send nothing back after the switch.`,
        remedy:
          'Set wal_level to logical (in PlanetScale, in the cluster configuration) and restart; or switch with {"reverse": false}, without a way back.',
      }),
      ...blocker({
        code: 'NoRoomForSlot',
        objects: room.full,
        message: `The stream that the switch makes takes a slot and a sender on the ${to.name}.`,
        remedy: 'Raise the setting and restart that server, or drop slots that are not needed any more.',
      }),
    ];
  },
});

export const subscriberRoom = ifStreamIsMade({
  name: 'room for a subscription',
  async find({ from, next }) {
    const origins = from.version >= ORIGINS_HAVE_THEIR_OWN_SETTING ? 'max_active_replication_origins' : 'max_replication_slots';
    const values = await valuesOf(from.reader, [origins, 'max_logical_replication_workers', 'max_worker_processes']);
    const [use] = await from.reader.query(subscriberUse(next));
    const bounds = [
      { setting: origins, used: use?.origins },
      { setting: 'max_logical_replication_workers', used: use?.subscriptions },
      { setting: 'max_worker_processes', used: use?.workers },
    ];
    return blocker({
      code: 'NoRoomForSubscription',
      objects: full(from.name, values, bounds),
      message: `The stream that the switch makes takes an origin and a worker on the ${from.name}.`,
      remedy: 'Raise the setting and restart that server; or switch with {"reverse": false}, without a way back.',
    });
  },
});
