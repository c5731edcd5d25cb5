/** The position of a sequence, and the position ahead of it that the target's copy has to have. Exact: whole numbers of 64 bits. */

/** A sequence relation's own row: the manual's CREATE SEQUENCE. With `called` the next value is one increment on, without it is `last` itself. */
export interface Position {
  readonly last: bigint;
  readonly called: boolean;
}

/** Bounds of a position. The direction is the increment's sign. */
export interface Track {
  readonly increment: bigint;
  readonly minimum: bigint;
  readonly maximum: bigint;
}

/**
 * The source's position moved on by `margin` increments, kept inside the target's bounds. START and CACHE play no part: `last` on
 * the source already includes the values that sessions hold in their caches.
 *
 * `called` stays as it is. A source that stands at (7, called) will hand out 8, 9, 10; with a margin of 3 the target stands at
 * (10, called) and hands out 11. One that stands at (7, not called) will hand out 7, 8, 9; the target stands at (10, not called) and
 * hands out 10. In both cases the margin's worth of numbers is the source's own, and margin 0 is an exact copy, which leaves an
 * untouched sequence untouched.
 *
 * Where the bound comes first the result is the bound itself, called: the source still has fewer than `margin` numbers, all of them its
 * own, and the target has none. It then answers as the source would after them: with an error, or, if it cycles, from the other bound.
 * A margin never leads round a cycle, because beyond the bound there is no "ahead": the numbers there have been in use before.
 */
export function aheadOf(source: Position, track: Track, margin: bigint): Position {
  const last = source.last + margin * track.increment;
  if (last > track.maximum) return { last: track.maximum, called: true };
  if (last < track.minimum) return { last: track.minimum, called: true };
  return { last, called: source.called };
}

/** Whether `one` has handed out everything that `other` has, seen in the direction of the increment. */
export function isAtLeast(one: Position, other: Position, { increment }: Pick<Track, 'increment'>): boolean {
  const distance = increment > 0n ? one.last - other.last : other.last - one.last;
  return distance > 0n || (distance === 0n && (one.called || !other.called));
}

/** Whether a position lies outside of the bounds, where neither it nor anything ahead of it can be set. */
export const isOutside = ({ last }: Position, { minimum, maximum }: Track): boolean => last < minimum || last > maximum;
