/**
 * Distinguishes a copy that works from one that will never end, and names the cause. The servers' logs cannot be read from here, so causes are
 * inferred from what both sides show: rights, settings, error counts, workers, locks and sizes.
 */
import type { TableName } from '../../config/input.ts';
import { keyOf, named } from '../../config/tables.ts';
import type { SourceTable, TargetTable, WorkerState } from '../copy-progress.sql.ts';
import type { StreamHistory } from '../history.ts';
import type { Cause } from './cause.ts';
import { recentErrors, type Watch } from './progress-tracker.ts';
import type { Wait } from './waits.ts';

export interface Symptoms {
  readonly now: number;
  readonly history: StreamHistory;
  readonly source: readonly SourceTable[];
  readonly target: readonly TargetTable[];
  readonly workers: WorkerState;
  readonly watch: Watch;
  /** Tables not copied yet that hold rows all the same; looked for once errors are counted. */
  readonly occupied: readonly TableName[];
  /** Time limits in force for the replication role, `name=value`. */
  readonly timeLimits: readonly string[];
  /** Holders of locks that were found by two looks. */
  readonly waiting: readonly Wait[];
  /** The cause of repeated failures on the target; undefined while there are none. */
  readonly failing: Cause | undefined;
}

/** The cause that stops the copy, and its remedy. */
export interface Diagnosis {
  readonly cause: string;
  readonly remedy: string;
}

/** A copy that is merely slow moves between visits; both bounds must pass, because visits are seconds apart at first. */
const IDLE_VISITS = 5;
const IDLE_MS = 10 * 60_000;
/** A restart of a server costs one error per worker, so a few say nothing. */
const ERRORS_IN_A_ROW = 5;
const RESTARTING_MS = 10 * 60_000;
/** Dead rows of a broken copy are not reclaimed before the next vacuum; indexes and the fill factor explain less than twice the size. */
const BLOAT_FACTOR = 2;
const BLOAT_ALLOWANCE_BYTES = 64 * 1024 * 1024;

const uncopied = ({ source, target }: Symptoms): SourceTable[] => {
  const open = new Set(target.filter(({ state }) => state === 'i' || state === 'd').map(keyOf));
  return source.filter((table) => open.has(keyOf(table)));
};

/** Causes that no waiting cures, named at the first visit that sees them. */
export function certainCause(symptoms: Symptoms): Diagnosis | undefined {
  const open = uncopied(symptoms);
  const unreadable = open.filter(({ readable }) => !readable);
  if (unreadable.length > 0) {
    return {
      cause: `the replication role may not read ${named(unreadable)} on the source`,
      remedy: 'Start Replicate again: CreateReplicationRole grants what is missing, or says who has to.',
    };
  }
  const filtered = open.filter(({ filtered: hidden }) => hidden);
  if (filtered.length > 0) {
    return {
      cause: `row-level security hides rows of ${named(filtered)} from the replication role, so their copy is refused`,
      remedy:
        'Give the replication role BYPASSRLS on the source, or, where no role may do so, make it a member of the owners of tables that do not force ' +
        'their policies on them; or leave these tables behind with excludeTables.',
    };
  }
  if (symptoms.occupied.length > 0) {
    return {
      cause: `${named(symptoms.occupied)} on the target held rows before the copy, so it breaks on duplicate keys or would double rows`,
      remedy: 'Empty these tables on the target and keep every other session from writing there.',
    };
  }
  return undefined;
}

/** Tables whose target is far larger than their source, as dead rows of broken copies make it. */
function bloated({ source, target }: Symptoms): SourceTable[] {
  const arrived = new Map(target.map((table) => [keyOf(table), table.bytes ?? 0]));
  return source.filter((table) => (arrived.get(keyOf(table)) ?? 0) > BLOAT_FACTOR * table.bytes + BLOAT_ALLOWANCE_BYTES);
}

function likelyCause(symptoms: Symptoms, errors: number): Diagnosis {
  const { history, workers, timeLimits, waiting } = symptoms;
  const limits = timeLimits.filter((setting) => !setting.endsWith('=0'));
  if (errors > 0 && limits.length > 0) {
    return {
      cause: `the source cuts the copy off after a while (${limits.join(', ')} for the replication role)`,
      remedy: 'Start Replicate again: CreateReplicationRole switches these limits off for the replication role.',
    };
  }
  if (!workers.applying && workers.workers >= workers.mostWorkers) {
    return {
      cause: `all ${workers.mostWorkers} logical replication workers of the target are taken`,
      remedy: 'Raise max_logical_replication_workers and max_worker_processes on the target.',
    };
  }
  if (!history.slot?.active) {
    return {
      cause: 'the target is not connected to the source',
      remedy: "Check that the source lets in the target's addresses, and that its TLS and the replication password still work.",
    };
  }
  if (waiting.length > 0) {
    return {
      cause: `the copy waits for a lock ${waiting.map(({ side, blockedBy }) => `on the ${side} that is held by ${blockedBy}`).join(', and ')}`,
      remedy: `End that transaction on the ${[...new Set(waiting.map(({ side }) => side))].join(' and the ')}.`,
    };
  }
  return {
    cause: errors > 0 ? `the target counted ${errors} errors since a table was last finished` : 'neither side reports an error',
    remedy: 'Look into the log of the target for the reason: a full disk and a type that the target cannot read are the usual ones.',
  };
}

/** A copy that has not moved, or starts over, for long enough; with errors that keep coming a minute is enough. */
export function stall(symptoms: Symptoms): Diagnosis | undefined {
  if (symptoms.failing) return symptoms.failing;
  const { watch, workers, now } = symptoms;
  const errors = recentErrors(watch, workers);
  const idle = watch.idleVisits >= IDLE_VISITS && now - watch.movedAt >= IDLE_MS;
  const restarting = errors >= ERRORS_IN_A_ROW && now - watch.passedAt >= RESTARTING_MS;
  const growing = errors > 0 ? bloated(symptoms) : [];
  if (!idle && !restarting && growing.length === 0) return undefined;
  const { cause, remedy } = likelyCause(symptoms, errors);
  const grown = growing.length > 0 ? `; the target has grown past the source with what broken copies left behind in ${named(growing)}` : '';
  return { cause: `${cause}${grown}`, remedy };
}
