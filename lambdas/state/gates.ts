/** What the gates of both sides say: which side serves the application, and which switch was committed last. */
import { CUTOVER, type Direction, ROLLBACK } from '../config/direction.ts';
import type { SideName } from '../config/side-name.ts';
import type { Database, Reader } from '../ports/database.ts';
import { createGate, type Gate, gateExists, gateState } from './gates.sql.ts';
import { createHeartbeat } from './heartbeat.sql.ts';

/** Undefined for a side on which no switch was ever prepared, which counts as open. */
export interface Gates {
  readonly source: Gate | undefined;
  readonly target: Gate | undefined;
}

export async function gateOf(side: Reader): Promise<Gate | undefined> {
  const [there] = await side.query(gateExists());
  return there?.exists ? (await side.query(gateState()))[0] : undefined;
}

export async function lookAtGates(source: Reader, target: Reader): Promise<Gates> {
  const [one, other] = await Promise.all([gateOf(source), gateOf(target)]);
  return { source: one, target: other };
}

/** Makes the gate where there is none, open. */
export async function ensureGate(side: Database): Promise<Gate> {
  await side.query(createHeartbeat());
  await side.query(createGate());
  const gate = await gateOf(side);
  if (!gate) throw new Error('A gate that was just made is there.');
  return gate;
}

const epochOf = (gate: Gate | undefined): number => gate?.epoch ?? 0;

/**
 * Number of the committed switch in a direction, undefined where none was, or where it was followed by one the other way whose side has
 * closed since. Two gates bear witness. The side that was left is closed by its own commit; and the other was opened by a switch of that
 * number, which happens after the commit only: so it was committed even where the side that was left knows nothing of it (its server lost
 * the end of its WAL, or was set back).
 */
function committedEpoch(direction: Direction, gates: Gates): number | undefined {
  const [from, to] = [gates[direction.from], gates[direction.to]];
  if (from?.state === 'closed') return from.commits > 0 ? from.epoch : undefined;
  return from !== undefined && to?.state === 'open' ? (to.openedEpoch ?? undefined) : undefined;
}

/** The latest switch that was committed and not taken back. Undefined where the source serves as it did in the beginning. */
export function committedSwitch(gates: Gates): { readonly direction: Direction; readonly epoch: number } | undefined {
  const committed = [CUTOVER, ROLLBACK].flatMap((direction) => {
    const epoch = committedEpoch(direction, gates);
    return epoch === undefined ? [] : [{ direction, epoch }];
  });
  return committed.sort((one, other) => other.epoch - one.epoch)[0];
}

export const committedDirection = (gates: Gates): Direction | undefined => committedSwitch(gates)?.direction;

/** Whether the side that a committed switch has left has yet to learn of it. */
export const isForgotten = ({ from }: Direction, gates: Gates): boolean => gates[from]?.state !== 'closed';

/** The side that serves the application, or has to as soon as a committed switch is carried to its end. */
export const servingSide = (gates: Gates): SideName => committedDirection(gates)?.to ?? 'source';

/** The number of the next switch: higher than any that began on either side. */
export const nextEpoch = ({ source, target }: Gates): number =>
  Math.max(epochOf(source), epochOf(target), source?.openedEpoch ?? 0, target?.openedEpoch ?? 0) + 1;
