/**
 * Tries both ways between the servers by really connecting, before anything depends on them: from the target to the source, which the copy takes
 * in a moment, and from the source to the target, which nothing would take before the day of the switch.
 */
import { TransientError } from '../config/errors.ts';
import { type StreamName, subscriptionName, trialRole } from '../config/names.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { LOOK_AGAIN_RESERVE_MS } from '../engine/reserves.ts';
import { defineStep } from '../engine/step.ts';
import { roleExists } from '../postgres/roles.sql.ts';
import { lock } from '../postgres/sessions.sql.ts';
import { removeUserCodeRole } from '../postgres/user-code-role.ts';
import { isConnectionOf, readNote, streamConnection } from '../replication/connection.ts';
import { demandOurs } from '../replication/demand-ours.ts';
import { tryWay, tryWayBack, type Way } from '../replication/network.ts';
import { slotState } from '../replication/slots.sql.ts';
import { subscriptionState } from '../replication/subscriptions.sql.ts';
import { createHeartbeat } from '../state/heartbeat.sql.ts';
import {
  createNetworkTrial,
  networkTrial,
  networkTrialExists,
  recordNetworkTrial,
  type WayFound,
  type WaysFound,
} from '../state/network-trial.sql.ts';

type Needs = 'source' | 'target' | 'replication' | 'wayBack';

/** libpq's own limit does not hold where a server connects; a dropped packet is sent again five times meanwhile. */
const LONGEST_ATTEMPT_MS = 20_000;
const SHORTEST_ATTEMPT_MS = 1_000;
/** Attempts of both ways, if none is answered. */
const SHARES = 2;

interface Seen {
  /** What this execution has found. */
  readonly ways: WaysFound | undefined;
  /** Whether an interrupted trial left its role behind. */
  readonly role: boolean;
}

async function look({ source, target, execution }: Looking<Needs>): Promise<Seen> {
  await demandOurs('source', source);
  await demandOurs('target', target);
  const [there] = await target.query(networkTrialExists());
  const [recorded] = there?.exists ? await target.query(networkTrial(execution)) : [];
  const [role] = await target.query(roleExists(trialRole(target.endpoint.database)));
  return { ways: recorded?.ways, role: role?.exists ?? false };
}

/** What the stream itself shows that reads over the way already, with the connection that the subscription is to have. */
async function streamsAlready({ subscriber, publisher, stream }: Way, sourceDatabase: string, connection?: string): Promise<boolean> {
  const name = subscriptionName(sourceDatabase, stream);
  const [subscription] = await subscriber.query(subscriptionState(name));
  if (!subscription?.enabled) return false;
  const note = readNote(subscription.note);
  if (connection !== undefined && !(note && isConnectionOf(note, connection))) return false;
  const [slot] = await publisher.query(slotState(name));
  return slot?.active === true;
}

async function findWays({ source, target, replication, wayBack, input, remainingMs, log }: Acting<Needs>): Promise<WaysFound> {
  const limitMs = Math.min(LONGEST_ATTEMPT_MS, Math.max(SHORTEST_ATTEMPT_MS, (remainingMs() - LOOK_AGAIN_RESERVE_MS) / SHARES));
  const { database } = source.endpoint;
  const forward: Way = { stream: 'forward', publisher: source, subscriber: target, limitMs };
  const reverse: Way = { stream: 'reverse', publisher: target, subscriber: source, limitMs };
  const toSource = await streamConnection(replication, 'source', source, target, subscriptionName(database));
  const ways = {
    forward: (await streamsAlready(forward, database, toSource.connection)) ? STREAMS : await tryWay(forward, toSource),
    reverse: await findWayBack(),
  };
  for (const [stream, way] of Object.entries(ways)) {
    if (way.found === 'could not tell') log.warn('A way between the servers could not be tried', { stream, why: way.why ?? '' });
  }
  return ways;

  async function findWayBack(): Promise<WayFound> {
    if (input.reverse === false) return { found: 'not wanted' };
    if (await streamsAlready(reverse, database)) return STREAMS;
    const version = await source.version();
    return tryWayBack(reverse, await wayBack.route(version), version);
  }
}

const STREAMS: WayFound = { found: 'streams' };

export const checkNetwork = defineStep({
  needs: ['source', 'target', 'replication', 'wayBack'],
  interrupted:
    'A subscription that was being tried is rolled back by its server; a publication without tables and the login of the trial are dropped by the next visit, or by Cleanup.',

  inspect: look,
  judge: ({ ways, role }) => (ways && !role ? 'done' : 'todo'),

  async act(ctx, seen) {
    const { target, execution } = ctx;
    const session = await target.session('lock');
    try {
      const [taken] = await session.query(lock('network'));
      if (!taken?.taken) throw new TransientError('Another visit is trying the network. Nothing was touched; it is looked at again.');
      if (seen.ways) return await removeUserCodeRole(target, trialRole(target.endpoint.database));
      const ways = await findWays(ctx);
      await target.transaction(async (transaction) => {
        for (const statement of [createHeartbeat(), createNetworkTrial(), recordNetworkTrial(execution, ways)])
          await transaction.query(statement);
      });
    } finally {
      await session.end();
    }
  },

  evidence: ({ ways }) => ({ targetToSource: shown('forward', ways), sourceToTarget: shown('reverse', ways) }),
});

const shown = (stream: StreamName, ways: WaysFound | undefined) => ({ ...(ways?.[stream] ?? { found: 'could not tell' as const }) });
