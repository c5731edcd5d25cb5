/** Constraints of domains that old rows may break. */

import { warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { unvalidatedDomainConstraints } from './domain-constraints.sql.ts';

export const domainConstraints: ReadinessCheck = {
  name: 'constraints of domains',
  async find({ source, input }) {
    const found = await source.query(unvalidatedDomainConstraints(input));
    return warning({
      code: 'DomainConstraintNotValid',
      objects: found.map(({ object }) => object),
      message:
        'These constraints of domains were never validated, so rows may break them. They are made after the copy, NOT VALID as they are. The source ' +
        'still lets such a row be updated as long as its value stays; a stream sends the whole row, and the side that receives it refuses the value.',
      remedy:
        'Repair the rows and run the statements before Replicate. Or, if the stream stops at such a row, drop the constraint on the side that receives, ' +
        'and add it there again after the switch.',
      statements: found.map(({ validate }) => validate),
    });
  },
};
