/** How far a step has come, from the evidence of a visit that is pending. */
import { bytesInWords } from '../../lambdas/config/in-words.ts';
import type { Json } from '../../lambdas/config/json.ts';
import { fieldsOf, numberIn } from '../../lambdas/report/evidence.ts';

export interface Work {
  readonly done: number;
  readonly of: number;
  readonly unit: 'bytes' | 'count';
  readonly secondsLeft: number | null;
}

/** Undefined where the evidence has no measure of the whole. */
export function workIn(evidence: Json): Work | undefined {
  const fields = fieldsOf(evidence);
  const bytes = [numberIn(fields.bytesDone), numberIn(fields.bytesTotal) ?? numberIn(fields.bytes)] as const;
  const secondsLeft = numberIn(fields.secondsLeft);
  if (bytes[0] !== null && bytes[1]) return { done: bytes[0], of: bytes[1], unit: 'bytes', secondsLeft };
  const states = Object.values(fieldsOf(fields.kinds)).map(fieldsOf);
  const of = states.flatMap((counts) => Object.values(counts)).reduce<number>((sum, count) => sum + (numberIn(count) ?? 0), 0);
  const done = states.reduce((sum, counts) => sum + (numberIn(counts.done) ?? 0), 0);
  return of > 0 ? { done, of, unit: 'count', secondsLeft } : undefined;
}

const plain = (key: string): string => key.replaceAll(/([A-Z])/g, ' $1').toLowerCase();

/** Moments of a visit are for the next one. */
const MOMENT = 'at';

function figure(key: string, value: Json): string[] {
  if (key === MOMENT) return [];
  if (typeof value === 'number') return [`${plain(key)} ${/bytes/i.test(key) ? bytesInWords(value) : Math.round(value * 10) / 10}`];
  if (typeof value === 'string' && value.length <= 60) return [`${plain(key)} ${value}`];
  return [];
}

/** The figures of a pending step's evidence, in the step's own words. */
export function figuresIn(evidence: Json): string {
  const words = evidence && typeof evidence === 'object' && !Array.isArray(evidence) ? Object.entries(evidence) : [];
  return words.flatMap(([key, value]) => figure(key, value as Json)).join(', ');
}
