/** Whether the target has none of the objects that will be copied. */
import { namesTaken, relationsToCome } from '../../schema/relations.sql.ts';
import { copyOn } from '../../state/earlier-copy.ts';
import { blocker } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export const targetEmpty: ReadinessCheck = {
  name: 'target empty of the tables to come',
  async find({ source, target, input }) {
    if (await copyOn(target)) return [];
    const coming = await source.query(relationsToCome(input));
    const taken = await target.query(namesTaken(JSON.stringify(coming)));
    return blocker({
      code: 'TargetNotEmpty',
      objects: taken.map(({ object }) => object),
      message: 'The target has relations or types of these names already, and not from an earlier attempt of this migration.',
      remedy: 'Look at what they hold. If they are not needed, drop them; else use another database, or exclude the tables.',
    });
  },
};
