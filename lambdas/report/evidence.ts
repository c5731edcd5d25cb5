/** Evidence of steps as a report reads it. It comes back as JSON, perhaps of an earlier version, so nothing is taken for granted. */
import type { Json } from '../config/json.ts';
import type { StepName } from '../engine/machines.ts';
import type { ExecutionHistory } from './history.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
export const numberIn = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
export const textsIn = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
export const listIn = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

/** An execution in which a step left evidence. */
export interface Found {
  readonly execution: ExecutionHistory;
  readonly fields: Fields;
}

/** The last evidence of a step, of all executions; undefined where none reached it. */
export function lastOf(executions: readonly ExecutionHistory[], step: StepName): Found | undefined {
  const execution = executions.findLast(({ evidence }) => evidence[step] !== undefined);
  return execution && { execution, fields: fieldsOf(execution.evidence[step] as Json) };
}

/** The same as fields alone. */
export const fieldsOfLast = (executions: readonly ExecutionHistory[], step: StepName): Fields | undefined =>
  lastOf(executions, step)?.fields;

/** Seconds of each of these states, from its first entry to its last exit, added up over all executions; null where none was entered. */
export function sumOf(executions: readonly ExecutionHistory[], steps: readonly StepName[]): number | null {
  const each = steps.flatMap((step) => secondsOf(executions, [step]) ?? []);
  return each.length > 0 ? each.reduce((sum, seconds) => sum + seconds, 0) : null;
}

/** Seconds from the first entry of any of these states to the last exit, added up over all executions; null where none was entered. */
export function secondsOf(executions: readonly ExecutionHistory[], steps: readonly StepName[]): number | null {
  const spans = executions.flatMap(({ states, endedAt }) => {
    const entered = states.filter(({ name }) => steps.some((step) => step === name));
    if (entered.length === 0) return [];
    const begin = Math.min(...entered.map(({ startedAt }) => Date.parse(startedAt)));
    const ends = entered.map((state) => Date.parse(state.endedAt ?? endedAt ?? state.startedAt));
    return [(Math.max(...ends) - begin) / 1000];
  });
  return spans.length > 0 ? spans.reduce((sum, each) => sum + each, 0) : null;
}
