/** What an interrupted switch has left behind, and whether it may be tidied up now. */
import { CUTOVER, type Direction, ROLLBACK } from '../config/direction.ts';
import type { ApplicationView } from '../ports/application.ts';
import type { Reader } from '../ports/database.ts';
import { isCurrentHeld, isCurrentStopped, leftOfNext, type Parties, partiesOf } from '../replication/streams.ts';
import type { Gate } from '../state/gates.sql.ts';
import { committedDirection, committedSwitch, type Gates, gateOf, servingSide } from '../state/gates.ts';
import { outstanding, untold } from './settle.ts';

export interface Interrupted {
  readonly direction: Direction;
  /** Whether it was committed, and so has to be carried to its end; otherwise it is taken back. */
  readonly committed: boolean;
  /** Its number, where it was committed. */
  readonly turn: number | undefined;
  /** What is left to be done, in words; never empty. */
  readonly left: readonly string[];
  /** Whether nothing else is left than to tell the user's function. */
  readonly onlyUntold: boolean;
  /** Execution that fenced, and milliseconds until its fence may be lifted by anybody; undefined where nothing is fenced. */
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
  const committed = secretSaysSo && (await isCurrentStopped(partiesOf<Reader>(fenced, both)));
  return { gates, interrupted: committed ? committedBySecret(fenced, gates) : fencedIn(fenced, gates) };
}

/** What a switch does last before its commit is done, and what comes after it too. */
const committedBySecret = (direction: Direction, gates: Gates): Interrupted => ({
  direction,
  committed: true,
  turn: gates[direction.from]?.turn,
  left: [`the ${direction.from} is fenced, but the application's secret leads to the ${direction.to}`],
  onlyUntold: false,
  fence: undefined,
});

function fencedIn(direction: Direction, gates: Gates): Interrupted {
  const { execution = null, remainingMs } = gates[direction.from] ?? {};
  const left = [`the ${direction.from} is fenced`];
  return { direction, committed: false, turn: undefined, left, onlyUntold: false, fence: { execution, remainingMs: remainingMs ?? 0 } };
}

async function unfinished(gates: Gates, both: Both): Promise<Interrupted | undefined> {
  const committed = committedSwitch(gates);
  if (committed) {
    const { direction, turn } = committed;
    const left = [
      ...(await outstanding({ ...partiesOf<Reader>(direction, both), application: both.application })),
      ...untold(gates[direction.from]),
    ];
    if (left.length > 0)
      return { direction, committed: true, turn, left, onlyUntold: isOnly(left, gates[direction.from]), fence: undefined };
  }
  // Nothing is left of a committed switch, so what there is belongs to an attempt to leave the side that serves now.
  const direction = servingSide(gates) === 'source' ? CUTOVER : ROLLBACK;
  const left = gates[direction.from] ? await leftOfAttempt(partiesOf<Reader>(direction, both), gates) : [];
  const onlyUntold = isOnly(left, gates[direction.from]);
  return left.length > 0 ? { direction, committed: false, turn: undefined, left, onlyUntold, fence: undefined } : undefined;
}

const isOnly = (left: readonly string[], gate: Gate | undefined): boolean => left.length === untold(gate).length;

async function leftOfAttempt(parties: Parties<Reader>, gates: Gates): Promise<string[]> {
  return [
    ...(await leftOfNext(parties)),
    ...((await isCurrentHeld(parties)) ? [`the subscription ${parties.current} is disabled`] : []),
    ...untold(gates[parties.direction.from]),
  ];
}
