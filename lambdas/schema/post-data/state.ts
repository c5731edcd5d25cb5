/** The state of a listed statement, for one execution of the machine. */
import * as sqlstate from '../../postgres/sqlstates.ts';
import type { Builder, Work } from './post-data.sql.ts';

/**
 * `open`: to be started. `running`: a server process is busy with it. `failed`: this execution has tried, and trying again would not
 * help; the next execution tries again, because the operator may have repaired the cause.
 */
export type State = 'done' | 'running' | 'failed' | 'open';

/** Deadlocks with the apply worker, and locks that were not granted: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const PASSING = new Set([sqlstate.SERIALIZATION_FAILURE, sqlstate.DEADLOCK_DETECTED, sqlstate.LOCK_NOT_AVAILABLE]);
/**
 * Undefined tables, columns, objects and functions, and a foreign key without the key it refers to. What a statement lacks may have been
 * made by a later one; looking for it costs nothing, so such a statement gets a second chance.
 */
const LACKING = new Set([
  sqlstate.UNDEFINED_TABLE,
  sqlstate.UNDEFINED_COLUMN,
  sqlstate.UNDEFINED_OBJECT,
  sqlstate.UNDEFINED_FUNCTION,
  sqlstate.INVALID_FOREIGN_KEY,
]);
/** After so many a statement is given up that vanishes without an error: cancelled, or taken down with its server. */
export const MOST_ATTEMPTS = 5;
const MOST_ATTEMPTS_WITH_PARTS_LACKING = 2;

/**
 * The name under which a step's attempts are counted. What BuildCopied tries ahead of its turn may lack what comes before it, so its attempts
 * say nothing to the steps whose turn it is.
 */
export const countedAs = (builder: Builder, execution: string): string => (builder === 'BuildCopied' ? `${execution} (ahead)` : execution);

/** @param execution as the attempts of the step are counted, see {@link countedAs} */
export function stateOf(work: Work, execution: string): State {
  if (work.done) return 'done';
  if (work.running) return 'running';
  return work.execution !== execution || work.attempts < attemptsFor(work.code) ? 'open' : 'failed';
}

function attemptsFor(code: string | null): number {
  if (code === null || PASSING.has(code)) return MOST_ATTEMPTS;
  return LACKING.has(code) ? MOST_ATTEMPTS_WITH_PARTS_LACKING : 1;
}
