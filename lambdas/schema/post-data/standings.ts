/** The listed statements with their states, for one step of one execution, and what an execution's history keeps of them. */
import type { TableName } from '../../config/input.ts';
import type { Looking } from '../../engine/contract.ts';
import { type Failure, failureOf, wordsOf } from './failures.ts';
import type { StatementStatus } from './order.ts';
import { type Builder, postDataExists, workList } from './post-data.sql.ts';
import { countedAs, type State, stateOf } from './state.ts';

/** Step Functions keeps 256 KiB of state for all steps together. */
const MOST_FAILURES_SHOWN = 50;

/**
 * @param measured tables of which the size matters; see {@link workList}
 * @returns undefined where the target has no list of statements
 */
export async function standings(
  { target, execution }: Looking<'target'>,
  builder: Builder,
  measured?: readonly TableName[],
): Promise<readonly StatementStatus[] | undefined> {
  const [there] = await target.query(postDataExists());
  if (!there?.exists) return undefined;
  const counted = countedAs(builder, execution);
  return (await target.query(workList(measured))).map((work) => ({ ...work, state: stateOf(work, counted) }));
}

export const hasEnded = ({ state }: StatementStatus): boolean => state === 'done' || state === 'failed';

/** Logs the part that a message leaves out. The server has kept it, because the client may have been gone when it was sent. */
export function logWholeWords({ log }: Looking<'target'>, all: readonly StatementStatus[]): void {
  for (const work of all) {
    const whole = work.state === 'failed' ? wordsOf(work)?.whole : undefined;
    if (whole !== undefined)
      log.warn('What the server said', { ordinal: work.ordinal, object: work.object, code: work.code, server: whole });
  }
}

/** Numbers of statements, by kind and state. */
export function countsOf(all: readonly StatementStatus[]): Record<string, Record<State, number>> {
  const kinds: Record<string, Record<State, number>> = {};
  for (const { kind, state } of all) {
    kinds[kind] ??= { done: 0, running: 0, failed: 0, open: 0 };
    kinds[kind][state] += 1;
  }
  return kinds;
}

export const failuresOf = (all: readonly StatementStatus[]): { [Key in keyof Failure]: Failure[Key] }[] =>
  all
    .filter(({ state }) => state === 'failed')
    .slice(0, MOST_FAILURES_SHOWN)
    .map(failureOf);
