/** The record of each switch: by the execution itself, and by the writers. */
import type { Json } from '../lambdas/config/json.ts';
import type { SideName } from '../lambdas/config/side-name.ts';
import type { MachineName, StepName } from '../lambdas/engine/machines.ts';
import { LEADS_TO, otherSide } from './course.ts';
import type { Outcome } from './machines/execution.ts';
import { placeOf } from './workload/connection.ts';
import { seenByWriters } from './workload/handover.ts';
import type { Acknowledgement } from './workload/journal.ts';

/** Between fence and commit: how long each part took, and its round trips, which on a real network are the downtime. */
export interface SwitchDetail {
  readonly parts: readonly { readonly name: string; readonly ms: number }[];
  readonly roundTrips: { readonly source: number; readonly target: number; readonly inSequence: number };
}

export interface SwitchRecord extends SwitchDetail {
  readonly machine: string;
  /** Name of the execution. */
  readonly execution: string;
  readonly direction: 'source→target' | 'target→source';
  /** By the execution's own clock, from the beginning of the fence; null where it does not say. */
  readonly downtimeMs: number | null;
  /** From the last write that the side being left acknowledged to the first of the other; null where there were none. */
  readonly writersDowntimeMs: number | null;
  /** Writes that the side being left acknowledged after the first one of the other. Must be 0. */
  readonly overlap: number;
}

/** An execution of a machine that switches, and when it was started, by the journal's clock. */
export interface Performance {
  readonly outcome: Outcome;
  readonly startedAt: number;
}

type Databases = Readonly<Record<SideName, Parameters<typeof placeOf>[0]>>;

/** One for each switch that was completed. @param application where the writers log in, on either side */
export function switchesOf(
  performances: readonly Performance[],
  acknowledgements: readonly Acknowledgement[],
  application: Databases,
): SwitchRecord[] {
  const switching = performances.filter(({ outcome }) => outcome.status === 'SUCCEEDED' && LEADS_TO[outcome.name as MachineName]);
  return switching.map(({ outcome, startedAt }, index) => {
    const to = LEADS_TO[outcome.name as MachineName] as SideName;
    const from = otherSide(to);
    const { downtimeMs, overlap } = seenByWriters(acknowledgements, {
      left: placeOf(application[from]),
      arrived: placeOf(application[to]),
      from: startedAt,
      to: switching[index + 1]?.startedAt ?? Number.POSITIVE_INFINITY,
    });
    const said = evidenceOf(outcome);
    return {
      machine: outcome.name,
      execution: outcome.execution,
      direction: `${from}→${to}` as SwitchRecord['direction'],
      downtimeMs: typeof said.downtimeMs === 'number' ? said.downtimeMs : null,
      writersDowntimeMs: downtimeMs,
      overlap,
      parts: isParts(said.parts) ? said.parts : [],
      roundTrips: isRoundTrips(said.roundTrips) ? said.roundTrips : { source: 0, target: 0, inSequence: 0 },
    };
  });
}

const SWITCHING: readonly StepName[] = ['SwitchOver', 'SwitchBack'];

/** The evidence of the step that switched; nothing where a recovery completed the switch. */
function evidenceOf({ evidence }: Outcome): Readonly<Record<string, Json>> {
  const said = SWITCHING.map((step) => evidence[step]).find((one) => one !== undefined);
  return typeof said === 'object' && said !== null && !Array.isArray(said) ? (said as Readonly<Record<string, Json>>) : {};
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isParts = (value: unknown): value is SwitchDetail['parts'] =>
  Array.isArray(value) && value.every((part) => isObject(part) && typeof part.name === 'string' && typeof part.ms === 'number');
const isRoundTrips = (value: unknown): value is SwitchDetail['roundTrips'] =>
  isObject(value) && ['source', 'target', 'inSequence'].every((key) => typeof value[key] === 'number');
