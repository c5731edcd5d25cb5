/** Whether the slot of the reverse stream that this switch makes survives a switchover of the target. */
import { entryOf, slotSurvival } from '../readiness/slot-survival.ts';
import type { SwitchCheck } from './context.ts';

export const slotOfTheWayBack: SwitchCheck = {
  name: 'what a switchover of the target does to the stream back',
  find: async ({ to, next, input, planetscale }) =>
    input.reverse === false
      ? []
      : slotSurvival(to.reader, to.version, next, { entry: planetscale ? await entryOf(next, planetscale) : 'unknown' }),
};
