/** Where an axis has its ticks. */

const STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 5, 10, 20, 50, 100].map((days) => days * 86_400_000),
];

/** Between two ticks of an axis of time: a round number of a unit that people use. @param most number of ticks, about */
export const roundStep = (lengthMs: number, most: number): number =>
  STEPS_MS.find((step) => lengthMs / step <= most) ?? Math.ceil(lengthMs / most);

const ROUND = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** The same of an axis of bytes: a round number of one of their units. */
export function byteStep(bytes: number, most: number): number {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, bytes / most)) / 10));
  return (ROUND.find((round) => bytes / (round * unit) <= most) ?? 1024) * unit;
}

/** Ticks from nothing on. */
export const upTo = (end: number, step: number): number[] => Array.from({ length: Math.floor(end / step) + 1 }, (_, at) => at * step);

/** Round moments between two others, in UTC. @param from milliseconds since 1970, as `to` */
export function momentsBetween(from: number, to: number, most: number): number[] {
  const step = roundStep(to - from, most);
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, at) => first + at * step);
}
