/** How a switch ends, whatever became of it: lifted where it was not committed, carried to its end where it was. Both may be repeated. */
import { SwitchFailed } from '../config/errors.ts';
import { sentenceOf } from '../engine/unexpected.ts';
import { handOverJobs, jobsLeftToHandOver } from '../extensions/hand-over.ts';
import type { ApplicationView, Moment } from '../ports/application.ts';
import type { Reader } from '../ports/database.ts';
import type { Parties } from '../replication/streams.ts';
import { changeStreams, ensureNextSlot, streamsLeftToChange, takeBackStreams } from '../replication/streams.ts';
import { type Gate, gateState, liftFence, noteTold, openGate, recommitGate } from '../state/gates.sql.ts';
import { committedSwitch, type Gates, gateOf, isForgotten } from '../state/gates.ts';
import { createEndSessions } from './client-sessions.sql.ts';
import type { SwitchContext } from './context.ts';
import { endEverybody } from './fence.ts';
import { underLease } from './sessions.ts';
import { endingLockHolders } from './locks.ts';

/** What a settlement works with: no login is needed, for nothing new is made. */
export type Settlement = Parties & Pick<SwitchContext, 'input' | 'execution' | 'application' | 'hook' | 'log' | 'remainingMs'>;

async function gatesOf({ direction, from, to }: Parties<Reader>): Promise<Gates> {
  const [left, taken] = await Promise.all([gateOf(from), gateOf(to)]);
  return direction.from === 'source' ? { source: left, target: taken } : { source: taken, target: left };
}

/**
 * After the commit point, under the lease. The application first, then the streams, and the user's own function when all is done.
 * @param turn the number of the switch, where something else than the gates says that it was committed
 */
export async function completeSwitch(ctx: Settlement, turn?: number): Promise<void> {
  const { to, direction, application } = ctx;
  const gates = await gatesOf(ctx);
  const committed = committedSwitch(gates);
  // A later switch has gone the other way, so nothing is left to be done, and the application must not be brought here.
  if (committed && committed.direction !== direction && committed.turn > (turn ?? 0)) return;
  const number = turn ?? committed?.turn;
  if (number === undefined) return;
  await ensureNextSlot(ctx, gates[direction.to]);
  if (isForgotten(direction, gates)) await closeForgotten(ctx, number);
  await endingLockHolders(to, to.query(openGate(number)));
  await application.pointAt(direction.to);
  await changeStreams(ctx);
  await handOverJobs(ctx);
  await tell(ctx, 'after');
}

const SHUTTING_MS = 10_000;

/** The side that was left has forgotten that it was, so it may have let the application in again. */
async function closeForgotten(ctx: Settlement, turn: number): Promise<void> {
  const { from: side } = ctx;
  const session = await side.session('close');
  try {
    await session.query(createEndSessions());
    await endingLockHolders(side, session.query(recommitGate(turn)));
    await endEverybody(session, SHUTTING_MS, ctx).catch((error: unknown) => {
      if (!(error instanceof SwitchFailed)) throw error;
      ctx.log.warn('Not everybody could be ended on the side that was left', { error: error.message }); // the application waits for the other side
    });
  } finally {
    await session.end();
  }
}

type Settled = Parties<Reader> & { readonly application: ApplicationView };

/** What {@link completeSwitch} has still to do, in words, but for telling the user's function. */
export const outstanding = async (ctx: Settled): Promise<string[]> => [...(await inTheWay(ctx)), ...(await jobsLeftToHandOver(ctx))];

/** What of that would be done in the middle of another switch. Jobs are not: the next one hands over those that are enabled where it leaves. */
export async function inTheWay(ctx: Settled): Promise<string[]> {
  const { direction } = ctx;
  const gates = await gatesOf(ctx);
  const leadsTo = await ctx.application.pointsAt();
  return [
    ...(isForgotten(direction, gates) ? [`the ${direction.from} has yet to learn that it was left`] : []),
    ...(gates[direction.to]?.state === 'closed' ? [`the ${direction.to} takes no writes yet`] : []),
    ...(leadsTo === direction.from ? [`the application's secret still leads to the ${direction.from}`] : []),
    ...(await streamsLeftToChange(ctx)),
  ];
}

/** What came of an attempt to take a switch back. */
export interface TakenBack {
  /** Whether it was committed in the meantime: then nothing was taken back, and it has to be carried to its end. */
  readonly committed: boolean;
  /** What could not be taken back yet, in words. */
  readonly left: readonly string[];
}

/**
 * Before the commit point. The fence first, because the application waits for it. Whether there was something to be lifted is learnt under
 * the lock of the gate's row, where a commit would have to come before or after: only then are the streams put back.
 * @param attempt only if it was this one that fenced
 */
export async function abortSwitch(ctx: Parties, attempt?: string): Promise<TakenBack> {
  const lifting = ctx.from.transaction(async (session) => {
    await session.query(liftFence(attempt));
    return (await session.query(gateState()))[0];
  });
  const gate = await endingLockHolders(ctx.from, lifting);
  if (gate?.state === 'closed') return { committed: true, left: [] };
  if (gate?.state === 'fenced') return { committed: false, left: [] }; // another attempt's, whose streams these are by now
  const failures = await underLease(ctx, (held) => takeBackStreams(held)).catch((error: unknown) => [error]);
  return { committed: false, left: failures.map(sentenceOf) };
}

/** What the user's function has to be told of the latest switch away from a side; undefined where it was not asked before, or knows. */
function owed(gate: Gate | undefined): Moment | undefined {
  if (!gate?.told.includes('before') || gate.told.includes('after') || gate.told.includes('failed') || gate.state === 'fenced')
    return undefined;
  return gate.state === 'closed' ? 'after' : 'failed';
}

/** The same in words, none or one. */
export function untold(gate: Gate | undefined): string[] {
  const moment = owed(gate);
  if (moment === undefined) return [];
  return [`the function that is called around a switch was not told that it ${moment === 'after' ? 'is made' : 'has failed'}`];
}

/** Tells the user's function, if it was asked before the switch and does not know yet. */
export async function tell({ from, direction, hook }: Pick<Settlement, 'from' | 'direction' | 'hook'>, moment: Moment): Promise<void> {
  const gate = await gateOf(from);
  if (gate === undefined || owed(gate) !== moment) return;
  await hook.call(moment, direction.to, gate.execution ?? '');
  await from.query(noteTold(gate.turn, moment));
}
