/** What the gates of both sides say: who serves the application, and what a switch has left to be done. */
import type { Database, Reader, SideName } from '../contract.ts';
import { createGate, type Gate, gateExists, gateState } from '../sql/gates.ts';
import { createHeartbeat } from '../sql/heartbeat.ts';
import { BACK, type Direction, OVER } from './direction.ts';

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
export async function haveGate(side: Database): Promise<Gate> {
  await side.query(createHeartbeat());
  await side.query(createGate());
  const gate = await gateOf(side);
  if (!gate) throw new Error('A gate that was just made is there.');
  return gate;
}

const turnOf = (gate: Gate | undefined): number => gate?.turn ?? 0;
const committed = (gate: Gate | undefined): boolean => gate?.state === 'closed' && gate.commits > 0;

/**
 * The latest switch that was committed and not taken back: its side is closed, and no later switch began on the other side. Undefined where
 * the source serves as it did in the beginning, or again.
 */
export function committedDirection({ source, target }: Gates): Direction | undefined {
  if (committed(source) && turnOf(source) > turnOf(target)) return OVER;
  if (committed(target) && turnOf(target) > turnOf(source)) return BACK;
  if (committed(source)) return OVER; // a switch back has begun, and is not committed
  return undefined;
}

/** The side that serves the application, or has to as soon as a committed switch is carried to its end. */
export const servingSide = (gates: Gates): SideName => committedDirection(gates)?.to ?? 'source';

/** The number of the next switch: higher than any that began on either side. */
export const nextTurn = ({ source, target }: Gates): number => Math.max(turnOf(source), turnOf(target)) + 1;
