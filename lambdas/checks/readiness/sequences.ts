/** Sequences that are about to run out, have no room for the margin, or start over. */

import { warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { sequencesOfNote } from './sequence-catalog.sql.ts';

/** Share of its range from which a sequence will soon run out. */
const ALMOST_USED_UP = 0.8;
const percent = (share: number): string => `${Math.floor(share * 100)} %`;

export const sequences: ReadinessCheck = {
  name: 'sequences',
  async find({ source, input }) {
    const margin = BigInt(input.sequenceMargin);
    const found = await source.query(sequencesOfNote(input, ALMOST_USED_UP, input.sequenceMargin));
    const cycling = found.filter(({ cycles }) => cycles);
    const straight = found.filter(({ cycles }) => !cycles);
    const [tight, usedUp] = [
      straight.filter(({ left }) => BigInt(left) < margin),
      straight.filter(({ left, used }) => BigInt(left) >= margin && used > ALMOST_USED_UP),
    ];
    return [
      ...warning({
        code: 'SequenceMarginDoesNotFit',
        objects: tight.map(({ object, left }) => `${object} (${left} left)`),
        message: `These sequences have fewer values left than the margin of ${input.sequenceMargin} by which they are set ahead; they are set as far as their bound allows.`,
        remedy:
          'Raise the bound on the source (alter sequence … maxvalue, and the type of its column), or start with a smaller "sequenceMargin".',
      }),
      ...warning({
        code: 'SequenceAlmostExhausted',
        objects: usedUp.map(({ object, used, left }) => `${object} (${percent(used)} used, ${left} left)`),
        message: `These sequences have used more than ${percent(ALMOST_USED_UP)} of their range and will run out on whichever side.`,
        remedy: 'Change their type and that of their column to bigint; it is easier before the migration than after it.',
      }),
      ...warning({
        code: 'CyclingSequence',
        objects: cycling.map(({ object }) => object),
        message: 'These sequences start over at their bound, so being ahead of the source means nothing for them.',
        remedy: 'Make sure that what they number may repeat.',
      }),
    ];
  },
};
