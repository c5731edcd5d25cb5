/**
 * How a switch ends, whatever became of it: completed where it was committed, aborted where it was not, and which of both it is where it was
 * interrupted. All of it may be repeated.
 */
import { CUTOVER, type Direction, ROLLBACK } from '../config/direction.ts';
import { SwitchFailed } from '../config/errors.ts';
import { sentenceOf } from '../engine/unexpected.ts';
import { handOverJobs, jobsLeftToHandOver } from '../extensions/hand-over.ts';
import type { ApplicationView, Moment } from '../ports/application.ts';
import type { Reader } from '../ports/database.ts';
import * as streams from '../replication/streams.ts';
import { type Gate, gateState, liftFence, noteTold, openGate, recommitGate } from '../state/gates.sql.ts';
import { committedDirection, committedSwitch, type Gates, gateOf, isForgotten, lookAtGates, servingSide } from '../state/gates.ts';
import { createEndSessions } from './client-sessions.sql.ts';
import type { SwitchContext } from './context.ts';
import { endClientSessions } from './fence.ts';
import { endingLockHolders, underLease } from './sessions.ts';

/** What a settlement works with: no login is needed, for nothing new is made. */
export type Settlement = streams.Parties & Pick<SwitchContext, 'input' | 'execution' | 'application' | 'hook' | 'log' | 'remainingMs'>;

function gatesOf(parties: streams.Parties<Reader>): Promise<Gates> {
  const { source, target } = streams.sidesOf(parties);
  return lookAtGates(source, target);
}

/**
 * After the commit point, under the lease. The application first, then the streams, and the user's own function when all is done.
 * @param epoch the number of the switch, where something else than the gates says that it was committed
 */
export async function completeSwitch(ctx: Settlement, epoch?: number): Promise<void> {
  const { to, direction, application } = ctx;
  const gates = await gatesOf(ctx);
  const committed = committedSwitch(gates);
  // A later switch has gone the other way, so nothing is left to be done, and the application must not be brought here.
  if (committed && committed.direction !== direction && committed.epoch > (epoch ?? 0)) return;
  const number = epoch ?? committed?.epoch;
  if (number === undefined) return;
  await streams.ensureNextSlot(ctx, gates[direction.to]);
  if (isForgotten(direction, gates)) await closeForgotten(ctx, number);
  await endingLockHolders(to, to.query(openGate(number)));
  await application.pointAt(direction.to);
  await streams.changeStreams(ctx);
  await handOverJobs(ctx);
  await callHook(ctx, 'after');
  await streams.demandForced(ctx);
}

const SHUTTING_MS = 10_000;

/** The side that was left has forgotten that it was, so it may have let the application in again. */
async function closeForgotten(ctx: Settlement, epoch: number): Promise<void> {
  const { from: side } = ctx;
  const session = await side.session('close');
  try {
    await session.query(createEndSessions());
    await endingLockHolders(side, session.query(recommitGate(epoch)));
    await endClientSessions(session, SHUTTING_MS, ctx).catch((error: unknown) => {
      if (!(error instanceof SwitchFailed)) throw error;
      ctx.log.warn('Not every session could be ended on the side that was left', { error: error.message }); // the application waits for the other side
    });
  } finally {
    await session.end();
  }
}

type Settled = streams.Parties<Reader> & { readonly application: ApplicationView };

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
    ...(await streams.streamsLeftToChange(ctx)),
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
export async function abortSwitch(ctx: streams.Parties, attempt?: string): Promise<TakenBack> {
  const lifting = ctx.from.transaction(async (session) => {
    await session.query(liftFence(attempt));
    return (await session.query(gateState()))[0];
  });
  const gate = await endingLockHolders(ctx.from, lifting);
  if (gate?.state === 'closed') return { committed: true, left: [] };
  if (gate?.state === 'fenced') return { committed: false, left: [] }; // another attempt's, whose streams these are by now
  const failures = await underLease(ctx, (held) => streams.takeBackStreams(held)).catch((error: unknown) => [error]);
  return { committed: false, left: failures.map(sentenceOf) };
}

/** What the user's function has to be told of the latest switch away from a side; undefined where it was not asked before, or knows. */
function owed(gate: Gate | undefined): Moment | undefined {
  if (!gate?.told.includes('before') || gate.told.includes('after') || gate.told.includes('failed') || gate.state === 'fenced')
    return undefined;
  return gate.state === 'closed' ? 'after' : 'failed';
}

/** The same in words, none or one. */
export function hookCallsLeft(gate: Gate | undefined): string[] {
  const moment = owed(gate);
  if (moment === undefined) return [];
  return [`the function that is called around a switch was not told that it ${moment === 'after' ? 'is made' : 'has failed'}`];
}

/** Tells the user's function, if it was asked before the switch and does not know yet. */
export async function callHook({ from, direction, hook }: Pick<Settlement, 'from' | 'direction' | 'hook'>, moment: Moment): Promise<void> {
  const gate = await gateOf(from);
  if (gate === undefined || owed(gate) !== moment) return;
  await hook.call(moment, direction.to, gate.execution ?? '');
  await from.query(noteTold(gate.epoch, moment));
}

export interface Interrupted {
  readonly direction: Direction;
  /** Whether it was committed, and so has to be carried to its end; otherwise it is taken back. */
  readonly committed: boolean;
  /** Its number, where it was committed. */
  readonly epoch: number | undefined;
  /** What is left to be done, in words; never empty. */
  readonly left: readonly string[];
  /** Whether nothing else is left than to tell the user's function. */
  readonly onlyHookCallLeft: boolean;
  /** Execution that fenced, and milliseconds until its fence may be lifted by another execution; undefined where nothing is fenced. */
  readonly fence: { readonly execution: string | null; readonly remainingMs: number } | undefined;
}

interface Both {
  readonly source: Reader;
  readonly target: Reader;
  readonly application: ApplicationView;
}

/**
 * Three witnesses say who serves: both gates and the application's secret. A fence is lifted only where none of them says that its switch was
 * committed. One that cannot be asked says nothing, because a commit is durable before anything follows from it: so a fence is seen and lifted
 * even while the other side is out of reach, unless the secret leads there.
 */
export async function lookForInterrupted(both: Both): Promise<{ readonly gates: Gates; readonly interrupted: Interrupted | undefined }> {
  const looks = await Promise.allSettled([gateOf(both.source), gateOf(both.target)]);
  const [source, target] = looks.map((look) => (look.status === 'fulfilled' ? look.value : undefined));
  const gates: Gates = { source, target };
  const unreachable = looks.find((look) => look.status === 'rejected');
  const fenced = [CUTOVER, ROLLBACK].find(({ from }) => gates[from]?.state === 'fenced');
  if (!fenced) {
    if (unreachable) throw unreachable.reason;
    return { gates, interrupted: await unfinished(gates, both) };
  }
  const secretSaysSo = (await both.application.pointsAt().catch(() => undefined)) === fenced.to;
  if (unreachable && !secretSaysSo) return { gates, interrupted: fencedIn(fenced, gates) };
  if (unreachable) throw unreachable.reason;
  if (committedDirection(gates) === fenced) return { gates, interrupted: await unfinished(gates, both) };
  const committed = secretSaysSo && (await streams.isCurrentStopped(streams.partiesOf<Reader>(fenced, both)));
  return { gates, interrupted: committed ? committedBySecret(fenced, gates) : fencedIn(fenced, gates) };
}

/** What a switch does last before its commit is done, and what comes after it too. */
const committedBySecret = (direction: Direction, gates: Gates): Interrupted => ({
  direction,
  committed: true,
  epoch: gates[direction.from]?.epoch,
  left: [`the ${direction.from} is fenced, but the application's secret leads to the ${direction.to}`],
  onlyHookCallLeft: false,
  fence: undefined,
});

function fencedIn(direction: Direction, gates: Gates): Interrupted {
  const { execution = null, remainingMs } = gates[direction.from] ?? {};
  const left = [`the ${direction.from} is fenced`];
  return {
    direction,
    committed: false,
    epoch: undefined,
    left,
    onlyHookCallLeft: false,
    fence: { execution, remainingMs: remainingMs ?? 0 },
  };
}

async function unfinished(gates: Gates, both: Both): Promise<Interrupted | undefined> {
  const committed = committedSwitch(gates);
  if (committed) {
    const { direction, epoch } = committed;
    const left = [
      ...(await outstanding({ ...streams.partiesOf<Reader>(direction, both), application: both.application })),
      ...hookCallsLeft(gates[direction.from]),
    ];
    if (left.length > 0)
      return { direction, committed: true, epoch, left, onlyHookCallLeft: isOnlyHookCall(left, gates[direction.from]), fence: undefined };
  }
  // Nothing is left of a committed switch, so what there is belongs to an attempt to leave the side that serves now.
  const direction = servingSide(gates) === 'source' ? CUTOVER : ROLLBACK;
  const left = gates[direction.from] ? await leftOfAttempt(streams.partiesOf<Reader>(direction, both), gates) : [];
  const onlyHookCallLeft = isOnlyHookCall(left, gates[direction.from]);
  return left.length > 0 ? { direction, committed: false, epoch: undefined, left, onlyHookCallLeft, fence: undefined } : undefined;
}

const isOnlyHookCall = (left: readonly string[], gate: Gate | undefined): boolean => left.length === hookCallsLeft(gate).length;

async function leftOfAttempt(parties: streams.Parties<Reader>, gates: Gates): Promise<string[]> {
  return [
    ...(await streams.leftOfNext(parties)),
    ...((await streams.isCurrentHeld(parties)) ? [`the subscription ${parties.current} is disabled`] : []),
    ...hookCallsLeft(gates[parties.direction.from]),
  ];
}
