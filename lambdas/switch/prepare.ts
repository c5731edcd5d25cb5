/**
 * Everything of a switch that can be done while the application still writes, from top to bottom as it happens. A failure here has changed
 * nothing for the application.
 */
import { randomUUID } from 'node:crypto';
import { CUTOVER } from '../config/direction.ts';
import { SwitchFailed, TransientError } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import { sentenceOf } from '../engine/unexpected.ts';
import { carryConfiguration } from '../extensions/carry-all.ts';
import type { Database, Session } from '../ports/database.ts';
import { noteHeld, readNote } from '../replication/connection.ts';
import { disabledByOthers, isDisabledByOthers } from '../replication/held.ts';
import { dropNext, nextSurvives, partiesOf, prepareNext, sidesOf, takeBackStreams } from '../replication/streams.ts';
import { setSynchronousCommit, subscriptionState } from '../replication/subscriptions.sql.ts';
import { comparedSince, isOlderThan } from '../replication/walsender.ts';
import { senderOf } from '../replication/walsenders.sql.ts';
import { prepareSequences } from '../sequences/exact.ts';
import { closeGate, createGate, tryFence, tryOpen } from '../state/gates.sql.ts';
import { committedDirection, ensureGate, lookAtGates, nextEpoch, servingSide } from '../state/gates.ts';
import { createHeartbeat } from '../state/heartbeat.sql.ts';
import { type Connections, closeConnections, heldBy, openConnections } from './connections.ts';
import type { SwitchContext } from './context.ts';
import { bringEverythingOver, type Prepared, startAgain } from './critical-section.ts';
import { endClientSessions } from './fence.ts';
import { callHook, inTheWay } from './recovery.ts';
import { demandOrdinarySessions, namingLockHolders, waitForLocks } from './sessions.ts';
import { Deadline } from './timing.ts';

/**
 * @returns undefined where another visit has switched in this direction meanwhile
 * @throws TransientError where trying again may help; then, as after any other error, everything is as it was before
 */
export async function prepare(given: SwitchContext): Promise<Prepared | undefined> {
  const connections = await openConnections(given);
  const ctx = heldBy(connections, given);
  try {
    await demandOrdinarySessions(connections);
    const prepared = await prepareOver(connections, ctx);
    if (!prepared) await closeConnections(connections);
    return prepared;
  } catch (error) {
    await closeConnections(connections);
    throw error;
  }
}

async function prepareOver(connections: Connections, ctx: SwitchContext): Promise<Prepared | undefined> {
  const sides = sidesOf(ctx);
  const found = await lookAtGates(sides.source, sides.target);
  const before = committedDirection(found);
  if (before === ctx.direction) return undefined;
  if (before) await demandComplete({ ...ctx, ...partiesOf(before, sides) });
  demandServing(ctx, servingSide(found));
  const held = await demandCurrent(ctx);
  try {
    return { ...(await prepareSides(connections, ctx, sides)), held };
  } catch (error) {
    await takeBackStreams(ctx);
    throw error;
  }
}

/** The switch before: what it has left to do would be done in the middle of this one, or never. */
async function demandComplete(before: SwitchContext): Promise<void> {
  const left = await inTheWay(before);
  if (left.length === 0) {
    // The last chance to report it; a function that fails must not block a rollback.
    await callHook(before, 'after').catch((error: unknown) =>
      before.log.warn('The function of yours was not told', { error: sentenceOf(error) }),
    );
    return;
  }
  throw new SwitchFailed(
    `The switch to the ${before.direction.to} is not complete: ${left.join('; ')}. Nothing was fenced. Start Recovery, then start again.`,
  );
}

/** The streams of a side that does not serve are the other side's, and not to be touched. */
function demandServing({ direction }: SwitchContext, serving: SideName): void {
  if (serving === direction.from) return;
  throw new SwitchFailed(
    `The ${serving} serves the application, so there is no switch away from the ${direction.from}. Nothing was touched.`,
  );
}

/** @returns what its note will say once the switch has disabled it */
async function demandCurrent({ direction, to, current }: SwitchContext): Promise<string> {
  const [subscription] = await to.query(subscriptionState(current));
  const untouched = 'Nothing was fenced, and the application is not affected.';
  if (subscription && isDisabledByOthers(subscription)) {
    const { message, remedy } = disabledByOthers(current, direction.to);
    throw new SwitchFailed(`${message} ${untouched} ${remedy} After that start again.`);
  }
  const note = readNote(subscription?.note ?? null);
  if (subscription?.enabled && note) return noteHeld(note, true);
  const what = !subscription ? 'gone' : note ? 'disabled' : 'not the one that the migration made';
  throw new SwitchFailed(`The subscription ${current} is ${what}. ${untouched} Start Replicate, then start again.`);
}

async function prepareSides(
  connections: Connections,
  ctx: SwitchContext,
  { source, target }: Record<SideName, Database>,
): Promise<Omit<Prepared, 'held'>> {
  await ensureGate(ctx.from);
  await shutArriving(ctx, connections.to);
  const gates = await lookAtGates(source, target);
  if (ctx.input.reverse) await prepareNext(ctx);
  else await dropNext(ctx);
  await tryGates(ctx);
  await carryOver(ctx);
  const sequences = await prepareSequences(connections.from, connections.to, ctx.input, ctx.direction.to);
  await ctx.to.query(setSynchronousCommit(ctx.current)); // of one that an earlier version of ours has made
  const survives = await nextSurvives(ctx);
  const walsender = await demandWalsender(ctx);
  await ctx.application.keepOriginal();
  await warmUp(ctx, connections);
  for (const session of [connections.from, connections.to]) await waitForLocks(session);
  const { epoch = 0, cancellations = 0 } = gates[ctx.direction.from] ?? {};
  return { connections, sequences, walsender, survives, seen: { epoch, cancellations }, epoch: nextEpoch(gates) };
}

const LONGEST_SHUTTING_MS = 5_000;

/** The side that is arrived at takes no writes until it is switched to, although its address is known. Its gate is never seen open. */
async function shutArriving(ctx: SwitchContext, session: Session): Promise<void> {
  await ctx.to.transaction(async (transaction) => {
    for (const statement of [createHeartbeat(), createGate(), closeGate()]) await transaction.query(statement);
  });
  await endClientSessions(session, LONGEST_SHUTTING_MS, ctx).catch((error: unknown) => {
    if (!(error instanceof SwitchFailed)) throw error;
    const { from, to } = ctx.direction;
    throw new SwitchFailed(
      `The ${to} could not be kept from being written to, so nothing was fenced, and the application goes on at the ${from}. ${error.message} ` +
        'Then start again.',
      { cause: error },
    );
  });
}

/**
 * What the fence and the opening will do, tried without effect, so that neither loads a catalog row for the first time under the fence.
 * @throws SwitchFailed naming the sessions that hold a lock in the way
 */
async function tryGates({ from, to }: Pick<SwitchContext, 'from' | 'to'>): Promise<void> {
  try {
    await namingLockHolders(from, from.query(tryFence()));
    await namingLockHolders(to, to.query(tryOpen()));
  } catch (error) {
    if (!(error instanceof SwitchFailed)) throw error;
    throw new SwitchFailed(`Nothing was switched: ${error.message} Then start the machine again.`, { cause: error });
  }
}

/** What extensions keep to themselves is no reason to stay: CheckCutover has named what cannot be carried. */
async function carryOver({ from, to, input, log }: SwitchContext): Promise<void> {
  for (const { object, left } of await carryConfiguration(from, to, input)) {
    if (left !== null) log.warn('Something of an extension was not carried, or not as it was', { object, left });
  }
}

/**
 * @returns the walsender that reads the current slot, to be shown to `demandSameWalsender`
 * @throws SwitchFailed where the comparison of this execution began before the stream did: it does not vouch for what came between
 */
async function demandWalsender({ from, current, direction, input, results }: SwitchContext): Promise<string> {
  const [walsender] = await from.query(senderOf(current));
  if (!walsender) throw new TransientError(`No process reads the slot ${current} just now, so nothing was fenced yet. It is tried again.`);
  const since = comparedSince(results);
  if (direction !== CUTOVER || input.verify === 'fence' || since === undefined) return walsender.identity;
  if (isOlderThan(walsender, since)) return walsender.identity;
  throw new SwitchFailed(
    'The stream was interrupted after the comparison had begun, so the comparison does not vouch for what came after. Nothing was fenced, ' +
      `and the application is not affected. ${startAgain(direction)}`,
  );
}

/** A change that takes longer than this to arrive would make the fence long for nothing. */
const LONGEST_LAG_MS = 1_000;
const LONGEST_WARM_UP_MS = 30_000;

/**
 * The same marker as inside the fence, before it, until one is there within a second: every function has run once then, and the lag is
 * known to be short. A worker that was just enabled may take five seconds to begin (wal_retrieve_retry_interval).
 */
async function warmUp({ current }: SwitchContext, connections: Connections): Promise<void> {
  const deadline = new Deadline(LONGEST_WARM_UP_MS);
  for (;;) {
    const began = performance.now();
    try {
      await bringEverythingOver(connections, current, { token: `warm-up ${randomUUID()}` }, deadline);
    } catch (error) {
      if (!(error instanceof SwitchFailed)) throw error;
      throw new TransientError(
        `Changes take longer than ${LONGEST_WARM_UP_MS / 1000} s to arrive, so nothing was fenced yet. It is tried again. ` +
          'Where that does not help, start Replicate: AwaitConvergence names what stops the stream.',
        {
          cause: error,
        },
      );
    }
    if (performance.now() - began < LONGEST_LAG_MS) return;
  }
}
