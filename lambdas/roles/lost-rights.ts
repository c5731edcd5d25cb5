/** What one role may do on a side, and another one may not on the other: for a login of the application on either side. */
import type { Exclusions } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import { bothMaintain, columnsOf, statements } from './compare-rights.ts';
import { effectiveRights } from './effective-rights.ts';
import { rightsDifferences } from './rights-differences.ts';
import { accessOn } from './role-map.ts';
import { objectInWords } from './words.ts';

export interface RoleOfSide {
  readonly reader: Reader;
  /** Major version. */
  readonly version: number;
  /** Name of the role, as the server knows it. */
  readonly role: string;
}

export interface LostRights {
  /** Such as `INSERT, SELECT on shop.orders`. */
  readonly words: string;
  /** The statement that gives them. */
  readonly grant: string;
}

/** What statements of an application take. An owner has more, such as TRIGGER and REFERENCES, which take a change of the schema to be used. */
const USED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['table', 'view', 'materialized view', 'foreign table'].map((kind) => [kind, ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']]),
  ),
  ...{ column: ['SELECT', 'INSERT', 'UPDATE'], sequence: ['USAGE', 'SELECT', 'UPDATE'], schema: ['USAGE'] },
  ...{ function: ['EXECUTE'], procedure: ['EXECUTE'], aggregate: ['EXECUTE'] },
};

/** Of what is on both sides; parts of extensions and of the system are each server's own. */
export async function rightsLost(
  from: RoleOfSide,
  to: RoleOfSide,
  exclusions: Exclusions,
): Promise<{ readonly isThere: boolean; readonly lost: readonly LostRights[] }> {
  const [here, there] = await Promise.all([accessOn(from.reader, exclusions), accessOn(to.reader, exclusions)]);
  if (!there.graph.roles.some(({ name }) => name === to.role)) return { isThere: false, lost: [] };
  const asked = {
    exclusions,
    columns: columnsOf(here, there),
    maintain: bothMaintain({ source: from.version, target: to.version }),
  };
  const nobody = [new Set<number>()];
  const [before, after] = await Promise.all([
    effectiveRights(from.reader, { ...asked, roles: [from.role] }),
    effectiveRights(to.reader, { ...asked, roles: [to.role] }),
  ]);
  const found = rightsDifferences(before, after, { source: nobody, target: nobody });
  const lost = found.flatMap(({ object, direction, rights }) => {
    const used = rights.filter((right) => USED[object.kind]?.includes(right));
    if (direction === 'more' || used.length === 0) return [];
    const named = objectInWords(object).replace(/^table /, '');
    return [{ words: `${used.join(', ')} on ${named}`, grant: statements(object, used, to.role, true) }];
  });
  return { isThere: true, lost };
}
