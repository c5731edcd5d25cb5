/** The pages that are read into the target's memory. */
import type { Warmable } from './prewarm.sql.ts';

/** Pages of one relation, from the first to the last, both included. */
export interface Stretch {
  readonly oid: string;
  readonly first: number;
  readonly last: number;
}

/** The rest is for what the server has to read meanwhile, and for the apply worker. */
const SHARE_OF_BUFFERS = 0.8;

/**
 * The largest relations first, each whole, as long as they fit; of the largest one that does not the end is read, where most applications
 * have their newest rows, as far as there is room left.
 * @param all the largest first
 */
export function planWarming(all: readonly Warmable[], bufferBlocks: number): Stretch[] {
  let room = Math.floor(bufferBlocks * SHARE_OF_BUFFERS);
  const whole: Stretch[] = [];
  for (const { oid, blocks } of all) {
    if (blocks > room) continue;
    room -= blocks;
    whole.push({ oid, first: 0, last: blocks - 1 });
  }
  const tooLarge = all.find(({ oid }) => !whole.some((stretch) => stretch.oid === oid));
  return tooLarge && room > 0 ? [...whole, { oid: tooLarge.oid, first: tooLarge.blocks - room, last: tooLarge.blocks - 1 }] : whole;
}

/** 512 MB of usual pages: seconds at the speed of any disk, so that a visit can leave in between. */
const MOST_BLOCKS_AT_ONCE = 65_536;

export function* piecesOf({ oid, first, last }: Stretch): Generator<Stretch> {
  for (let from = first; from <= last; from += MOST_BLOCKS_AT_ONCE) {
    yield { oid, first: from, last: Math.min(last, from + MOST_BLOCKS_AT_ONCE - 1) };
  }
}
