/** Everything of a switch that can be done while the application still writes. Whatever fails here has touched nobody. */
import { randomUUID } from 'node:crypto';
import { SwitchFailed, TransientError } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import { sentenceOf } from '../engine/unexpected.ts';
import { carryConfiguration } from '../extensions/carry-all.ts';
import type { Database } from '../ports/database.ts';
import { noteHeld, readNote } from '../replication/connection.ts';
import { disabledByOthers, isDisabledByOthers } from '../replication/held.ts';
import { dropNext, nextSurvives, partiesOf, prepareNext, takeBackStreams } from '../replication/streams.ts';
import { setSynchronousCommit, subscriptionState } from '../replication/subscriptions.sql.ts';
import { prepareSequences, type SequencePlan } from '../sequences/exact.ts';
import type { Fence } from '../state/gates.sql.ts';
import { committedDirection, ensureGate, lookAtGates, nextTurn, servingSide } from '../state/gates.ts';
import { type Connections, closeConnections, openConnections } from './connections.ts';
import type { SwitchContext } from './context.ts';
import { Deadline } from './deadline.ts';
import { shutArriving, tryGates } from './fence.ts';
import { through, waitForLocks } from './sessions.ts';
import { bringEverythingOver } from './marker.ts';
import { demandOrdinarySessions } from './session-role.ts';
import { inTheWay, tell } from './settle.ts';
import { demandWalsender } from './walsender.ts';

export interface Prepared {
  readonly line: Connections;
  readonly sequences: SequencePlan;
  /** Who reads the current slot. */
  readonly sender: string;
  /** Note of the current subscription once the switch has disabled it. */
  readonly held: string;
  /** Whether the slot of the next stream is to survive a switchover of its server. */
  readonly survives: boolean;
  /** What the gate of the side being left said, and the number that this switch will be. */
  readonly seen: Fence['seen'];
  readonly turn: number;
}

/** A change that takes longer than this to arrive would make the fence long for nothing. */
const LONGEST_LAG_MS = 1_000;
const LONGEST_WARM_UP_MS = 30_000;

/**
 * @returns undefined where another visit has switched in this direction meanwhile
 * @throws TransientError where trying again may help; then, as after any other error, everything is as it was before
 */
export async function prepare(given: SwitchContext): Promise<Prepared | undefined> {
  const line = await openConnections(given);
  const ctx = heldBy(line, given);
  try {
    await demandOrdinarySessions(line);
    const prepared = await prepareOver(line, ctx);
    if (!prepared) await closeConnections(line);
    return prepared;
  } catch (error) {
    await closeConnections(line);
    throw error;
  }
}

/** The same switch, whose sides are changed through the sessions that hold its lease, and can not be changed without. */
export const heldBy = (line: Connections, ctx: SwitchContext): SwitchContext => ({
  ...ctx,
  from: through(line.from, ctx.from),
  to: through(line.to, ctx.to),
});

async function prepareOver(line: Connections, ctx: SwitchContext): Promise<Prepared | undefined> {
  const sides = ctx.direction.from === 'source' ? { source: ctx.from, target: ctx.to } : { source: ctx.to, target: ctx.from };
  const found = await lookAtGates(sides.source, sides.target);
  const before = committedDirection(found);
  if (before === ctx.direction) return undefined;
  if (before) await demandComplete({ ...ctx, ...partiesOf(before, sides) });
  demandServing(ctx, servingSide(found));
  const held = await demandCurrent(ctx);
  try {
    return { ...(await prepareSides(line, ctx, sides)), held };
  } catch (error) {
    await takeBackStreams(ctx);
    throw error;
  }
}

async function prepareSides(
  line: Connections,
  ctx: SwitchContext,
  { source, target }: Record<SideName, Database>,
): Promise<Omit<Prepared, 'held'>> {
  await ensureGate(ctx.from);
  await shutArriving(ctx, line.to);
  const gates = await lookAtGates(source, target);
  if (ctx.input.reverse) await prepareNext(ctx);
  else await dropNext(ctx);
  await tryGates(ctx);
  await carryOver(ctx);
  const sequences = await prepareSequences(line.from, line.to, ctx.input, ctx.direction.to);
  await ctx.to.query(setSynchronousCommit(ctx.current)); // of one that an earlier version of ours has made
  const survives = await nextSurvives(ctx);
  const sender = await demandWalsender(ctx);
  await ctx.application.keepOriginal();
  await warmUp(ctx, line);
  for (const session of [line.from, line.to]) await waitForLocks(session);
  const { turn = 0, cancellations = 0 } = gates[ctx.direction.from] ?? {};
  return { line, sequences, sender, survives, seen: { turn, cancellations }, turn: nextTurn(gates) };
}

/** What extensions keep to themselves is no reason to stay: CheckCutover has named what cannot be carried. */
async function carryOver({ from, to, input, log }: SwitchContext): Promise<void> {
  for (const { object, left } of await carryConfiguration(from, to, input)) {
    if (left !== null) log.warn('Something of an extension was not carried, or not as it was', { object, left });
  }
}

/** The switch before: what it has left to do would be done in the middle of this one, or never. */
async function demandComplete(before: SwitchContext): Promise<void> {
  const left = await inTheWay(before);
  if (left.length === 0) {
    // The last chance to be told of it; a function that fails must not keep anybody from going back.
    await tell(before, 'after').catch((error: unknown) =>
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
  const what = !subscription ? 'gone' : note ? 'disabled' : 'not the ctx that the migration made';
  throw new SwitchFailed(`The subscription ${current} is ${what}. ${untouched} Start Replicate, then start again.`);
}

/**
 * The same marker as inside the fence, before it, until one is there within a second: every function has run once then, and the lag is
 * known to be short. A worker that was just enabled may take five seconds to begin (wal_retrieve_retry_interval).
 */
async function warmUp({ current }: SwitchContext, line: Connections): Promise<void> {
  const patience = new Deadline(LONGEST_WARM_UP_MS);
  for (;;) {
    const began = performance.now();
    try {
      await bringEverythingOver(line, current, { token: `warm-up ${randomUUID()}` }, patience);
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
