/** Work on single tables, each of which needs a lock that another session may hold: tried, left for a moment, and tried again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../../config/errors.ts';
import { LOOK_AGAIN_RESERVE_MS } from '../../engine/reserves.ts';

/** Rounds in one visit; the next visit goes on. */
const ROUNDS = 3;
/** Between two rounds, sessions that have queued behind a lock that we waited for get it. */
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 2_000;

/**
 * @returns what is left, because a lock was not granted or time ran out
 * @throws what is no matter of locks
 */
export async function tryEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
  remainingMs: () => number,
): Promise<readonly Item[]> {
  let left = items;
  for (let round = 1; left.length > 0 && round <= ROUNDS; round += 1) {
    if (round > 1) await sleep(SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS));
    const kept: Item[] = [];
    for (const item of left) {
      if (remainingMs() < LOOK_AGAIN_RESERVE_MS) kept.push(item);
      else if (!(await isThrough(() => work(item)))) kept.push(item);
    }
    left = kept;
  }
  return left;
}

async function isThrough(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof TransientError) return false;
    throw error;
  }
}
