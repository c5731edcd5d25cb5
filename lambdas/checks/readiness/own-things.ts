/**
 * Objects with our name in either database that are not ours alone: a schema with code of another role in it, which our own statements would
 * run; a publication whose owner decides what is sent; a login for the stream that other roles may take over.
 */
import type { SideName } from '../../config/side-name.ts';
import type { Reader } from '../../ports/database.ts';
import { type Fault, namesNotOurs, ownSchemaState } from '../../state/trust.sql.ts';
import { blocker } from '../finding.ts';
import { onBothSides } from '../known.ts';
import type { Check } from '../run.ts';
import { NOT_OURS } from '../run.ts';

type Sides = Readonly<Record<SideName, Reader>>;

/** Faults in our schema, and in publications, subscriptions and roles of our names. */
async function faultsOn(side: Reader): Promise<Fault[]> {
  const [schema] = await side.query(ownSchemaState());
  return [...(schema?.faults ?? []), ...(await side.query(namesNotOurs()))];
}

export const ownThings: Check<Sides> = {
  name: 'what carries the name of the migration',
  async find({ source, target }) {
    const { found, passedOver } = await onBothSides({ source, target }, faultsOn);
    const findings = blocker({
      code: NOT_OURS,
      objects: found.map(({ side, object, fault }) => `${side}: ${object} ${fault}`),
      message:
        'These carry a name of the migration and are not ours alone, so they may hold code of another role, or a way in. Nothing of them was ' +
        'run or read, and what would have been looked at there is not known.',
      remedy:
        'Find out who made them. Their owner or a superuser takes away what is not needed; what an earlier login of this migration has made can ' +
        'be given to ours instead (alter … owner to …).',
      statements: [...new Set(found.map(({ side, mend }) => `${mend} -- on the ${side}`))],
    });
    return [...findings, ...passedOver];
  },
};
