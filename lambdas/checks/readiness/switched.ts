/** State of an earlier switch: while the target serves the application, nothing may be copied over it. */
import { dropSlot, dropSubscription, slotsThere } from '../../cleanup/leftovers.sql.ts';
import { servedBy } from '../../cleanup/switched.ts';
import { subscriptionName } from '../../config/names.ts';
import { subscriptionState } from '../../replication/subscriptions.sql.ts';
import { type Gates, lookAtGates } from '../../state/gates.ts';
import { blocker } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

const stateOf = ({ source, target }: Gates): string =>
  `gate of the source ${source?.state ?? 'open'}, of the target ${target?.state ?? 'open'}`;

export const alreadySwitched: ReadinessCheck = {
  name: 'gates of earlier switches',
  async find({ source, target }) {
    const gates = await lookAtGates(source, target);
    const served = servedBy(gates);
    return [
      ...blocker({
        code: 'AlreadySwitched',
        objects: served === 'target' ? [stateOf(gates)] : [],
        message: 'The application was switched to the target, so the source no longer holds what is to be copied.',
        remedy:
          'To go back to the source, start Rollback. To end the migration with the target in charge, start Cleanup. If the switch itself ended ' +
          'red, start Recovery first.',
      }),
      ...blocker({
        code: 'SwitchUnderWay',
        objects: served === 'source' && gates.source?.state === 'fenced' ? [stateOf(gates)] : [],
        message: 'A switch has fenced the source, which takes no writes for the moment.',
        remedy: 'Wait until the switch has ended. If nothing switches any more, start Recovery, which lifts the fence.',
      }),
    ];
  },
};

export const reverseStream: ReadinessCheck = {
  name: 'the stream back of earlier switches',
  async find({ source, target }) {
    if (servedBy(await lookAtGates(source, target)) === 'target') return [];
    const name = subscriptionName(source.endpoint.database, 'reverse');
    const slots = (await target.query(slotsThere())).filter((slot) => slot.name === name);
    const [subscription] = await source.query(subscriptionState(name));
    return blocker({
      code: 'LeftoverReverseStream',
      objects: [
        ...(subscription?.enabled ? [`subscription ${name} on the source`] : []),
        ...slots.map(({ heldBytes }) => `slot ${name} on the target (${heldBytes ?? 0} bytes of WAL held)`),
      ],
      message:
        'The stream back of an earlier switch is still there. It would carry what is copied back to the source, or keep WAL on the target.',
      remedy: 'Start Recovery if a switch was interrupted, otherwise Cleanup; or drop them by hand, the subscription on the source first.',
      statements: [...(subscription?.enabled ? dropSubscription(name) : []), ...slots.map(() => dropSlot(name))],
    });
  },
};
