/** Owners and grants of the target as they are, and the way to them from what is to be. */
import type { Session } from '../ports/database.ts';
import { quoteAllNames, quoteNeededNames } from '../postgres/session-pins.sql.ts';
import { accessOf, type ObjectAccess, RELATIONS } from './access.sql.ts';
import { isOfSystem } from './role-map.ts';

/** What is to be, by the names of the target. */
export interface AccessWanted {
  readonly objects: readonly ObjectAccess[];
  /** Names of the carried roles; what any other role has on the target is left alone. */
  readonly carried: ReadonlySet<string>;
  /** Those of them that the migration has made. */
  readonly made: ReadonlySet<string>;
  readonly ours: string;
  readonly database: string;
}

const EVERYTHING = { excludeSchemas: [], excludeTables: [] };

export const keyOf = ({ kind, name, column, schema, objects, owner }: ObjectAccess): string =>
  JSON.stringify(kind === 'default privileges' ? [kind, owner, schema, objects] : [kind, name, column]);

export async function lookAtAccess(session: Pick<Session, 'query'>): Promise<ReadonlyMap<string, ObjectAccess>> {
  await session.query(quoteAllNames());
  const found = await session.query(accessOf(EVERYTHING));
  await session.query(quoteNeededNames());
  return new Map(found.map((one) => [keyOf(one), one]));
}

/** What is not listed: columns on which nothing is granted, and what came with the server as it came. */
export function stateOf(one: ObjectAccess, there: ReadonlyMap<string, ObjectAccess>): ObjectAccess | undefined {
  const is = there.get(keyOf(one));
  if (is) return is;
  const table = one.kind === 'column' && RELATIONS.find((kind) => there.has(JSON.stringify([kind, one.name, null])));
  return table || isOfSystem(one.name) ? { ...one, granted: [], withdrawn: [], givenUp: [] } : undefined;
}

/** The schema of an object, quoted; undefined where it is in none. */
export const schemaOf = ({ name }: ObjectAccess): string | undefined => /^("(?:[^"]|"")*")\./.exec(name)?.[1];
