/** Whether the current stream is the one that we made, without a gap, and running. Otherwise a switch would lose what it has not delivered. */
import { ROLLBACK } from '../../config/direction.ts';
import type { SideName } from '../../config/side-name.ts';
import { ownRole } from '../../postgres/roles.sql.ts';
import { disabledByOthers, isHeld } from '../../replication/held.ts';
import { continuityViolation } from '../../replication/history.ts';
import type { SubscriptionState } from '../../replication/subscriptions.sql.ts';
import { comparedSince, isOlderThan } from '../../replication/walsender.ts';
import { senderOf } from '../../replication/walsenders.sql.ts';
import { blocker, type Finding } from '../finding.ts';
import type { SwitchCheck, SwitchCheckContext } from './context.ts';

/** What is lost where a rollback is refused; empty for a cutover, which loses nothing by being refused. */
function lossBy({ direction, gates }: SwitchCheckContext): string {
  if (direction !== ROLLBACK) return '';
  const since = gates.source?.changedAt.toISOString();
  return ` Going back would lose every write to the target since the switch${since ? ` at ${since}` : ''}.`;
}

const BEGIN_ANEW = 'Cleanup with {"target": "drop"}, then begin anew with Replicate.';
const STAY = 'Stay on the target and end with Cleanup, or carry what was written since over by hand.';

export const streamTrouble = (ctx: SwitchCheckContext): Finding[] => {
  const { history, from, to, direction, current } = ctx;
  const { subscription, slot, incarnation } = history;
  const wayOut = direction === ROLLBACK ? STAY : BEGIN_ANEW;
  if (!subscription && !slot && !incarnation && direction === ROLLBACK) {
    return [
      {
        code: 'NoReverseReplication',
        severity: 'blocker',
        objects: [current],
        message: `There is no stream from the target back to the source: the switch was made with "reverse": false.${lossBy(ctx)}`,
        remedy: STAY,
      },
    ];
  }
  if (!subscription) {
    return [
      {
        code: 'SubscriptionGone',
        severity: 'blocker',
        objects: [current],
        message: `The subscription is gone from the ${to.name}.${lossBy(ctx)}`,
        remedy: !slot && direction !== ROLLBACK ? 'Start Replicate and let it finish.' : wayOut,
      },
    ];
  }
  const reason = continuityViolation(history);
  if (reason) {
    return [
      {
        code: 'HistoryBroken',
        severity: 'blocker',
        objects: [current],
        message: `${reason}, so changes may be missing on the ${to.name}.${lossBy(ctx)}`,
        remedy: wayOut,
      },
    ];
  }
  return [
    ...blocker({
      ...disabled(current, to.name, subscription),
      code: 'SubscriptionDisabled',
      objects: subscription.enabled ? [] : [current],
    }),
    ...blocker({
      code: 'StreamNotRunning',
      objects: subscription.enabled && !slot?.active ? [current] : [],
      message: `No walsender reads the replication slot on the ${from.name}: the subscription on the ${to.name} cannot connect, or fails again and again.`,
      remedy: `The log of the ${to.name} names the cause. Remove it, and wait until the subscription has caught up.`,
    }),
  ];
};

/** Message and remedy for a disabled subscription: disabled by a switch that was cut off, or by another session. */
function disabled(name: string, side: SideName, subscription: SubscriptionState): Pick<Finding, 'message' | 'remedy'> {
  if (isHeld(subscription)) {
    return {
      message: `A switch that did not come to its end has left the subscription on the ${side} disabled, so nothing arrives.`,
      remedy: 'Start Recovery, and wait until it has caught up.',
    };
  }
  const { message, remedy } = disabledByOthers(name, side);
  return { message, remedy: `${remedy} After that wait until it has caught up.` };
}

export const stream: SwitchCheck = {
  name: 'slot and subscription',
  find: async (ctx) => streamTrouble(ctx),
};

export const login: SwitchCheck = {
  name: 'the login of the stream from the source',
  async find({ direction, replication }) {
    return blocker({
      code: 'ReplicationLoginRefused',
      objects: (await replication.works()) ? [] : [replication.user],
      message: 'The source refuses this login, so a stream from there would not come back after its next interruption.',
      remedy:
        direction === ROLLBACK
          ? 'Start Rotation, which gives the role and the stream back new passwords.'
          : 'Start Replicate, which sets the password that the secret makes, or Rotation, which makes a new one.',
    });
  },
};

/**
 * A slot cannot be dropped while it is read. So if it was read without interruption since the comparison began, it is the one whose
 * changes were compared; otherwise another session may have made it anew in between, which leaves no other trace.
 */
export const uninterrupted: SwitchCheck = {
  name: 'the stream since the comparison began',
  async find(ctx) {
    const { from, history, current, results, input } = ctx;
    if (input.verify === 'fence') return []; // everything is compared once more when nothing moves
    const since = comparedSince(results);
    if (since === undefined || !history.slot?.activePid || streamTrouble(ctx).length > 0) return [];
    const [walsender] = await from.reader.query(senderOf(current));
    if (walsender && walsender.seconds === null) {
      const [own] = await from.reader.query(ownRole());
      throw new Error(`${own?.name ?? 'Our role'} does not see when others connected; grant it pg_monitor`);
    }
    return blocker({
      code: 'StreamInterrupted',
      objects: walsender && isOlderThan(walsender, since) ? [] : [current],
      message: 'The stream was interrupted after the comparison had begun, so the comparison does not cover what came after.',
      remedy:
        'Start again: the data are compared once more, and nothing else has to be done. Or let them be compared under the fence with "verify": "fence".',
    });
  },
};
