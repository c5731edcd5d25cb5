/**
 * Distinguishes a stream whose changes or copies fail again and again from one that is slow, or was interrupted. An error costs one count. A
 * restart of a server costs some, too, and so does a target that cannot reach the source; neither of them says anything about a table. Pure,
 * and kept in the evidence from visit to visit.
 */
import type { TableName } from '../../config/input.ts';
import type { Json } from '../../config/json.ts';
import { keyOf } from '../../config/tables.ts';
import type { TargetTable, WorkerState } from '../copy-progress.sql.ts';

export interface Failures {
  /** When both servers were started, as one number: another one means that one of them was restarted. */
  readonly servers: number;
  /** When the errors began that have been counted at every visit since, and what was counted by then. Milliseconds since 1970. */
  readonly since: number;
  readonly applyThen: number;
  readonly syncThen: number;
  /** At the last visit. */
  readonly at: number;
  readonly apply: number;
  readonly sync: number;
  /** Tables whose copy was not running, or had just begun again, at every visit since. */
  readonly suspects: readonly TableName[];
}

/** Errors that keep coming for a minute are a failure; shorter, they may be a lock or a connection that another session ended. */
const FAILING_MS = 60_000;
const LEAST_ERRORS = 3;
/** The evidence stays small. */
const MOST_SUSPECTS = 20;

/** The state in a step's earlier evidence, if there is one; the JSON is validated. */
export function readFailures(previous: Json | undefined): Failures | undefined {
  const { failures } = (previous ?? {}) as { readonly failures?: Partial<Failures> };
  const numbers = ['servers', 'since', 'applyThen', 'syncThen', 'at', 'apply', 'sync'] as const;
  return failures && numbers.every((name) => typeof failures[name] === 'number') && Array.isArray(failures.suspects)
    ? (failures as Failures)
    : undefined;
}

type Counts = Pick<WorkerState, 'applyErrors' | 'syncErrors'>;

/** The state of the first visit, and of one after which the counts cannot be compared with those before. */
const beginning = ({ applyErrors, syncErrors }: Counts, servers: number, now: number): Failures => ({
  servers,
  since: now,
  applyThen: applyErrors,
  syncThen: syncErrors,
  at: now,
  apply: applyErrors,
  sync: syncErrors,
  suspects: [],
});

/** @param connected whether the source knows of a reader of the slot; a copy that cannot connect counts an error, too */
export function keepFailures(
  before: Failures | undefined,
  workers: Counts,
  { servers, connected, tables }: { readonly servers: number; readonly connected: boolean; readonly tables: readonly TargetTable[] },
  now: number,
): Failures {
  const { applyErrors: apply, syncErrors: sync } = workers;
  const reset = !before || before.servers !== servers || apply < before.apply || sync < before.sync;
  if (reset || (apply === before.apply && (sync === before.sync || !connected))) return beginning(workers, servers, now);
  const seconds = (now - before.at) / 1000;
  const failing = tables.filter(
    ({ state, workerSeconds }) => (state === 'd' || state === 'f') && (workerSeconds === null || workerSeconds <= seconds),
  );
  const known = new Set(before.suspects.map(keyOf));
  const isFirst = before.since === before.at;
  const suspects = failing.filter((table) => isFirst || known.has(keyOf(table))).map(({ schema, table }) => ({ schema, table }));
  return { ...before, at: now, apply, sync, suspects: suspects.slice(0, MOST_SUSPECTS) };
}

export const failuresCounted = ({ apply, applyThen, sync, syncThen }: Failures): number => apply - applyThen + (sync - syncThen);

/** Whether only the operator can end it. */
export const isFailing = (failures: Failures): boolean =>
  failures.at - failures.since >= FAILING_MS && failuresCounted(failures) >= LEAST_ERRORS;

/** As evidence keeps it. */
export const failuresAsJson = ({ suspects, ...numbers }: Failures): Json => ({
  ...numbers,
  suspects: suspects.map(({ schema, table }) => ({ schema, table })),
});
