/** For how long a child of the copy's map goes on, and how often it is visited; its own history of 25,000 events bounds both. */
import { nextPollSeconds } from '../engine/step.ts';

/** A child's history has room for about this long, whatever it waits for; the map is begun again for what is left. */
export const LONGEST_CHILD_SECONDS = 3 * 86_400;
/** Between visits of a child that had something to do. */
export const BUSY_SECONDS = 1;
/** Of one that waits for its turn: soon enough to be told that it may work, and seldom enough for its history. */
const IDLE_SECONDS = { least: 20, most: 300 };

export const idlePollSeconds = (waitedSeconds: number): number =>
  Math.min(IDLE_SECONDS.most, Math.max(IDLE_SECONDS.least, nextPollSeconds(waitedSeconds)));
