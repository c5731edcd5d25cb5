/**
 * The steps SwitchOver and SwitchBack, which differ in nothing but the direction. In the order in which it happens:
 *
 *   switching.ts          looks at the gates, settles an interrupted attempt, and begins
 *   run.ts                one switch: prepare → critical section → complete, and what an error in between means
 *   prepare.ts            all that can be done while the application still writes, over the sessions of connections.ts
 *   critical-section.ts   fence → marker → sequences → next stream → commit point → opening; fence.ts keeps other sessions from writing
 *   recovery.ts           completes a switch that was committed, aborts one that was not, and finds out which of both it was
 *
 * Beside them: context.ts (what a switch works with), sessions.ts (lease and locks), timing.ts (timings, deadline, retries), and trial.ts
 * (the same statements tried before anything is copied). Gates are in state/gates.ts, streams in replication/streams.ts, exact positions of
 * sequences in sequences/exact.ts.
 */
import { readersAfter } from '../cluster/readers.ts';
import type { Direction } from '../config/direction.ts';
import { MigrationError, StatementFailed, SwitchFailed, SwitchIncomplete } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import type { SideName } from '../config/side-name.ts';
import type { Acting, Looking, Verdict } from '../engine/contract.ts';
import { refuseBesideOlder } from '../engine/single-execution.ts';
import { sentenceOf } from '../engine/unexpected.ts';
import type { Reader } from '../ports/database.ts';
import { nextStream, partiesOf } from '../replication/streams.ts';
import { committedDirection, type Gates, lookAtGates, servingSide } from '../state/gates.ts';
import { switchOf } from './context.ts';
import { abortSwitch, callHook, hookCallsLeft, lookForInterrupted, outstanding } from './recovery.ts';
import { complete, performSwitch } from './run.ts';

export const SWITCH_NEEDS = ['executions', 'source', 'target', 'replication', 'comparison', 'application', 'hook'] as const;
type Needs = (typeof SWITCH_NEEDS)[number];

export interface Seen {
  readonly gates: Gates;
  /** What a committed switch in this direction has still to do; undefined where none is committed. */
  readonly left: readonly string[] | undefined;
  readonly wayBack: Awaited<ReturnType<typeof nextStream>>;
  /** What the source's readers go on doing; undefined where there are none, and on the way back. */
  readonly readers: Json | undefined;
  /** What a person has to change where no secret is configured. */
  readonly byHand: string | undefined;
}

export const switching = (direction: Direction) => ({
  needs: SWITCH_NEEDS,
  memoryMb: 1769, // it holds 105 MB, but whatever it computes inside the fence is downtime
  interrupted: 'The gates of both sides say whether it was committed; LiftFence, which follows, goes by them.',

  inspect: (ctx: Looking<Needs>): Promise<Seen> => namingServingSide(direction, ctx, () => look(direction, ctx)),

  judge: ({ left }: Seen): Verdict => (left?.length === 0 ? 'done' : 'todo'),

  act: (ctx: Acting<Needs>, seen: Seen): Promise<void> => namingServingSide(direction, ctx, () => act(direction, ctx, seen)),

  evidence: (seen: Seen): Json => namingServedSide(direction, seen.gates, () => evidence(direction, seen)),
});

async function look(direction: Direction, { executions, source, target, application, results }: Looking<Needs>): Promise<Seen> {
  await refuseBesideOlder(executions);
  const gates = await lookAtGates(source, target);
  const parties = partiesOf<typeof source>(direction, { source, target });
  const { host, port, database } = parties.to.endpoint;
  return {
    gates,
    left:
      committedDirection(gates) === direction
        ? [...(await outstanding({ ...parties, application })), ...hookCallsLeft(gates[direction.from])]
        : undefined,
    wayBack: await nextStream(parties),
    readers: readersAfter(results),
    byHand: application.secret === undefined ? `Point the application at ${host}:${port}/${database}.` : undefined,
  };
}

async function act(direction: Direction, ctx: Acting<Needs>, { gates, left }: Seen): Promise<void> {
  const attempt = switchOf(direction, ctx);
  if (left) return complete(attempt);
  const gate = gates[direction.from];
  if (gate?.state === 'fenced') {
    const { interrupted: found } = await lookForInterrupted(ctx);
    if (found?.committed) return complete(attempt, found.epoch);
    if ((await abortSwitch(attempt)).committed) return complete(attempt);
  }
  await callHook(attempt, 'failed'); // also of an earlier attempt, whose own call did not succeed
  if (gate?.state === 'fenced' && gate.execution === ctx.execution) throw interrupted(direction);
  await performSwitch(attempt);
}

function evidence(direction: Direction, { gates, left, wayBack, readers, byHand }: Seen): Json {
  const gate = gates[direction.from];
  return {
    serving: servingSide(gates),
    committedAt: left ? (gate?.changedAt.toISOString() ?? null) : null,
    ...(left && typeof gate?.report === 'object' ? gate.report : {}),
    left: [...(left ?? [])],
    wayBack: WAY_BACK[wayBack](direction),
    ...(readers === undefined ? {} : { readers }),
    ...(byHand === undefined ? {} : { byHand }),
  };
}

const WAY_BACK: Record<Seen['wayBack'], (direction: Direction) => string> = {
  there: ({ to }) => `Every change made at the ${to} from now on flows back, so it is possible to go back without losing any.`,
  lost: ({ from, to }) =>
    `The slot of the stream back is gone from the ${to}, which switched over or failed over meanwhile: going back to the ${from} would lose ` +
    'whatever is written from now on. End with Cleanup.',
  none: ({ from }) => `There is no stream back: going back to the ${from} would lose whatever is written from now on.`,
};

const interrupted = ({ from }: Direction): SwitchFailed =>
  new SwitchFailed(
    `The function was interrupted while the ${from} was fenced. Nothing was switched: the fence was lifted with the settings that were ` +
      `there before, and the application goes on at the ${from}. Start the machine again.`,
  );

type Sides = Readonly<Record<SideName, Reader>>;

/**
 * @throws SwitchFailed, SwitchIncomplete in place of an error that is not ours, or that a server refused where no code of ours says what it
 *   means; the gates are looked at only then
 */
export async function namingServingSide<Result>(direction: Direction, sides: Sides, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MigrationError && !(error instanceof StatementFailed)) throw error;
    const gates = await lookAtGates(sides.source, sides.target).catch(() => undefined);
    throw gates ? explained(direction, gates, error) : unknown(error);
  }
}

/** The same of what only puts into words what was seen. */
export function namingServedSide<Result>(direction: Direction, gates: Gates, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof MigrationError ? error : explained(direction, gates, error);
  }
}

function explained(direction: Direction, gates: Gates, cause: unknown): MigrationError {
  const { from, to } = direction;
  if (committedDirection(gates) === direction) {
    return new SwitchIncomplete(
      `The switch to the ${to} is committed, and the application belongs there; then an unexpected error came. ` +
        `${sentenceOf(cause)} Remove the cause, then start Recovery: it does what is left.`,
      { cause },
    );
  }
  const fence =
    gates[from]?.state === 'fenced' ? `the ${from} is fenced for now, and LiftFence, which follows, lifts the fence` : 'nothing is fenced';
  return new SwitchFailed(
    `Nothing was switched: the commit point was not passed, ${fence}, and the application is served by the ${servingSide(gates)}. ` +
      `${sentenceOf(cause)} Remove the cause, then start the machine again.`,
    { cause },
  );
}

const unknown = (cause: unknown): SwitchFailed =>
  new SwitchFailed(
    'An unexpected error came, and the gates could not be asked whether the switch was committed: LiftFence, which follows, finds ' +
      `out, lifts the fence where it was not, and carries it to its end where it was. ${sentenceOf(cause)}`,
    { cause },
  );
