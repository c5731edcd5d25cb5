/** Whether the lock tables of both servers have room for one transaction that touches every object. */

import { blocker, type Finding, warning } from '../finding.ts';
import { onBothSides } from '../known.ts';
import type { ReadinessCheck } from './context.ts';
import { type LockRoom, lockRoom, locksNeeded } from './locks-needed.sql.ts';

/**
 * A server guarantees max_locks_per_transaction for each backend slot. Its lock table may grow into memory that is set aside for other things: on
 * 17 and 18 one transaction got 1.67 to 2.09 times as many in five configurations, if no other session took that memory.
 */
const BEYOND_HOPE = 1.6;
/** Share of the room for our transaction. The rest is for the locks of other sessions. */
const SHARE = 0.8;
/** Recommended values are multiples of this. */
const STEP = 64;

interface Wanted extends LockRoom {
  readonly setting: string;
  readonly needed: number;
}

const lacking = (wanted: Wanted): boolean => wanted.needed > wanted.perTransaction * wanted.places * SHARE;
const isHopeless = (wanted: Wanted): boolean => wanted.needed > wanted.perTransaction * wanted.places * BEYOND_HOPE;
/** The least multiple of {@link STEP} with which it would fit. */
export const enoughLocks = ({ needed, places }: Pick<Wanted, 'needed' | 'places'>): number =>
  Math.ceil(needed / (places * SHARE) / STEP) * STEP;

export const locks: ReadinessCheck = {
  name: 'room for locks',
  async find({ source, target, input }) {
    const [needed] = await source.query(locksNeeded(input));
    const { found: wanted, passedOver } = await onBothSides({ source, target }, async (reader, side): Promise<Wanted[]> => {
      const [room] = await reader.query(lockRoom());
      if (!needed || !room) throw new Error('a server does not show its settings');
      return [{ ...room, setting: `${side}: max_locks_per_transaction`, needed: side === 'source' ? needed.dump : needed.copy }];
    });
    const tell = (one: Wanted): string =>
      `${one.setting} = ${one.perTransaction}, about ${one.needed} locks needed, room for ${one.perTransaction * one.places}: set ${enoughLocks(one)}`;
    const message =
      'pg_dump locks every table and view of the source until it ends, and CopySchema makes the whole schema in one transaction, which locks ' +
      'each table, its TOAST table, its keys and each sequence.';
    const remedy =
      'Raise max_locks_per_transaction on that side to the number that is named, and restart it (on Aurora in the cluster parameter group; on ' +
      'PlanetScale under Clusters → Parameters, or ask its support where it is not shown), or leave schemas out with excludeSchemas.';
    const findings: Finding[] = [
      ...blocker({ code: 'TooFewLocks', objects: wanted.filter(isHopeless).map(tell), message, remedy }),
      ...warning({
        code: 'FewLocks',
        objects: wanted.filter((one) => lacking(one) && !isHopeless(one)).map(tell),
        message: `${message} It may fit, where no other session needs many locks at the time. If it does not, nothing is changed.`,
        remedy,
      }),
      ...passedOver,
    ];
    return findings;
  },
};
