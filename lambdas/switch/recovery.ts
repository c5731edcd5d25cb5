/** What an interrupted switch has left behind, and whether it may be tidied up now. */
import type { ApplicationView, Reader } from '../contract.ts';
import { BACK, type Direction, OVER, type Parties, partiesOf } from './direction.ts';
import { committedDirection, type Gates, gateOf, servingSide } from './gates.ts';
import { outstanding } from './settle.ts';
import { isCurrentStopped, leftOfNext } from './streams.ts';

export interface Interrupted {
  readonly direction: Direction;
  /** Whether it was committed, and so has to be carried to its end; otherwise it is taken back. */
  readonly committed: boolean;
  /** What is left to be done, in words; never empty. */
  readonly left: readonly string[];
  /** Execution that fenced, and milliseconds until its fence may be lifted by anybody; undefined where nothing is fenced. */
  readonly fence: { readonly execution: string | null; readonly remainingMs: number } | undefined;
}

interface Both {
  readonly source: Reader;
  readonly target: Reader;
  readonly application: ApplicationView;
}

/** A fence is seen and lifted even while the other side is out of reach. */
export async function lookForInterrupted(both: Both): Promise<{ readonly gates: Gates; readonly interrupted: Interrupted | undefined }> {
  const looks = await Promise.allSettled([gateOf(both.source), gateOf(both.target)]);
  const [source, target] = looks.map((look) => (look.status === 'fulfilled' ? look.value : undefined));
  const gates: Gates = { source, target };
  const fenced = [OVER, BACK].find(({ from }) => gates[from]?.state === 'fenced');
  if (fenced) return { gates, interrupted: fencedIn(fenced, gates) };
  for (const look of looks) if (look.status === 'rejected') throw look.reason;
  return { gates, interrupted: await unfinished(gates, both) };
}

function fencedIn(direction: Direction, gates: Gates): Interrupted {
  const { execution = null, remainingMs } = gates[direction.from] ?? {};
  const left = [`the ${direction.from} is fenced`];
  return { direction, committed: false, left, fence: { execution, remainingMs: remainingMs ?? 0 } };
}

async function unfinished(gates: Gates, both: Both): Promise<Interrupted | undefined> {
  const committed = committedDirection(gates);
  if (committed) {
    const left = await outstanding({ ...partiesOf<Reader>(committed, both), application: both.application });
    if (left.length > 0) return { direction: committed, committed: true, left, fence: undefined };
  }
  // Nothing is left of a committed switch, so what there is belongs to an attempt to leave the side that serves now.
  const direction = servingSide(gates) === 'source' ? OVER : BACK;
  const left = gates[direction.from] ? await leftOfAttempt(partiesOf<Reader>(direction, both)) : [];
  return left.length > 0 ? { direction, committed: false, left, fence: undefined } : undefined;
}

async function leftOfAttempt(parties: Parties<Reader>): Promise<string[]> {
  return [
    ...(await leftOfNext(parties)),
    ...((await isCurrentStopped(parties)) ? [`the subscription ${parties.current} is disabled`] : []),
  ];
}
