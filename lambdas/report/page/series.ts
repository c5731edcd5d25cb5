/** Samples over time, thinned for a drawing or a table without losing what matters: the extremes. */
import type { Sample } from '../history.ts';

/** Part of a series. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly least: Sample;
  readonly most: Sample;
  readonly last: Sample;
}

const isKnown = ([at, value]: Sample): boolean => Number.isFinite(at) && Number.isFinite(value);

/** By time; what is no number is left out. */
export const ordered = (samples: readonly Sample[]): Sample[] => samples.filter(isKnown).sort(([one], [other]) => one - other);

/** @param samples in their order @param most number of buckets */
export function bucketsOf(samples: readonly Sample[], most: number): Bucket[] {
  const size = Math.max(1, Math.ceil(samples.length / most));
  const buckets: Bucket[] = [];
  for (let start = 0; start < samples.length; start += size) {
    const part = samples.slice(start, start + size);
    const [first, last] = [part[0], part.at(-1)];
    if (!first || !last) continue;
    const least = part.reduce((found, sample) => (sample[1] < found[1] ? sample : found), first);
    const largest = part.reduce((found, sample) => (sample[1] > found[1] ? sample : found), first);
    buckets.push({ from: first[0], to: last[0], least, most: largest, last });
  }
  return buckets;
}

/** First, last, and least and most of each stretch of time. @param most number of samples, about */
export function thinned(samples: readonly Sample[], most: number): readonly Sample[] {
  if (samples.length <= most) return samples;
  const kept = bucketsOf(samples, Math.floor(most / 2)).flatMap(({ least, most: largest }) => [least, largest]);
  return ordered([...new Set([...samples.slice(0, 1), ...kept, ...samples.slice(-1)])]);
}

/** What a series was as a whole. */
export interface Summary {
  readonly median: number;
  readonly most: Sample;
  readonly last: Sample;
}

/** Undefined of an empty series. @param samples in their order */
export function summaryOf(samples: readonly Sample[]): Summary | undefined {
  const [whole] = bucketsOf(samples, 1);
  const values = samples.map(([, value]) => value).sort((one, other) => one - other);
  const median = values[Math.floor((values.length - 1) / 2)];
  return whole && median !== undefined ? { median, most: whole.most, last: whole.last } : undefined;
}
