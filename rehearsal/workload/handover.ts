/** A switch as seen by the writers, by their own clock. */
import type { Acknowledgement } from './journal.ts';

/** A switch, as the writers know it: from one database to another, within a stretch of time. */
export interface Handover {
  /** Places, as `placeOf` names them. */
  readonly left: string;
  readonly arrived: string;
  /** Milliseconds of the journal's clock: from the beginning of this switch to that of the next. */
  readonly from: number;
  readonly to: number;
}

export interface WritersView {
  /** From the last write acknowledged by the side that was left to the first by the other; null where one of them acknowledged none. */
  readonly downtimeMs: number | null;
  /** Writes acknowledged by the side that was left after the first one by the other: two sides served at once. Must be 0. */
  readonly overlap: number;
}

export function seenByWriters(acknowledgements: readonly Acknowledgement[], { left, arrived, from, to }: Handover): WritersView {
  const during = acknowledgements.filter(({ at }) => at >= from && at < to);
  const first = during.find(({ place }) => place === arrived);
  const there = during.filter(({ place }) => place === left);
  const last = there.findLast(({ at }) => !first || at <= first.at);
  if (!first) return { downtimeMs: null, overlap: 0 };
  return {
    downtimeMs: last ? Math.round((first.at - last.at) * 10) / 10 : null,
    overlap: there.filter(({ at }) => at > first.at).length,
  };
}
