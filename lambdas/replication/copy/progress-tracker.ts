/**
 * The state of a copy from visit to visit: when it last progressed, how fast it is, how often it broke. It is kept in the evidence,
 * so it is small, and it comes back as JSON of which nothing is taken for granted.
 */
import type { Json } from '../../config/json.ts';
import type { WorkerState } from '../copy-progress.sql.ts';
import type { Progress } from './progress.ts';

export interface Watch {
  /** All times in milliseconds since 1970. */
  readonly startedAt: number;
  readonly bytesAtStart: number;
  /** States that tables have passed on their way to ready. */
  readonly states: number;
  /** Maximum since then: a copy that starts over has to pass it again before it counts as progress. */
  readonly bytesInFlight: number;
  readonly position: number;
  readonly movedAt: number;
  /** Visits since then. */
  readonly idleVisits: number;
  /** When a table last passed a state, and the errors counted by then. */
  readonly passedAt: number;
  readonly errorsThen: number;
}

const FIELDS = [
  'startedAt',
  'bytesAtStart',
  'states',
  'bytesInFlight',
  'position',
  'movedAt',
  'idleVisits',
  'passedAt',
  'errorsThen',
] as const satisfies readonly (keyof Watch)[];

/** The tracker's state in a step's earlier evidence, if there is one. */
export function readWatch(previous: Json | undefined): Watch | undefined {
  const watch = (previous as { watch?: Partial<Watch> } | null | undefined)?.watch;
  return watch && FIELDS.every((field) => typeof watch[field] === 'number') ? (watch as Watch) : undefined;
}

const errorsOf = ({ syncErrors, applyErrors }: WorkerState): number => syncErrors + applyErrors;
const statesOf = ({ ready, catchingUp }: Progress): number => 2 * ready + catchingUp;
/** Once nothing is left to copy, the stream itself has to reach the position where the copies ended. */
const positionOf = ({ tables, ready, catchingUp }: Progress, workers: WorkerState): number =>
  ready + catchingUp === tables ? Math.max(workers.applyPosition, workers.catchUpPosition) : workers.catchUpPosition;

/** The state after one more visit. */
export function keepWatch(before: Watch | undefined, progress: Progress, workers: WorkerState, now: number): Watch {
  const states = statesOf(progress);
  const errors = errorsOf(workers);
  const position = positionOf(progress, workers);
  const { bytesInFlight } = progress;
  if (!before || states > before.states) {
    return {
      startedAt: before?.startedAt ?? now,
      bytesAtStart: before?.bytesAtStart ?? progress.bytesDone,
      states,
      bytesInFlight,
      position,
      movedAt: now,
      idleVisits: 0,
      passedAt: now,
      errorsThen: errors,
    };
  }
  const moved = bytesInFlight > before.bytesInFlight || position > before.position;
  return {
    ...before,
    bytesInFlight: Math.max(before.bytesInFlight, bytesInFlight),
    position: Math.max(before.position, position),
    movedAt: moved ? now : before.movedAt,
    idleVisits: moved ? 0 : before.idleVisits + 1,
    // Statistics that were reset count from zero again.
    errorsThen: Math.min(before.errorsThen, errors),
  };
}

/** Errors since a table last passed a state. */
export const recentErrors = (watch: Watch, workers: WorkerState): number => errorsOf(workers) - watch.errorsThen;

/** At the speed since the first visit; null while the speed is not known. */
export function secondsLeft(watch: Watch, progress: Progress, now: number): number | null {
  const copied = progress.bytesDone - watch.bytesAtStart;
  const seconds = (now - watch.startedAt) / 1000;
  if (copied <= 0 || seconds <= 0) return null;
  return Math.round(((progress.bytesTotal - progress.bytesDone) * seconds) / copied);
}
