/** Gives the objects of the target to their owners, which our role may act for. */
import { SchemaCopyFailed } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import type { Session } from '../ports/database.ts';
import { type ObjectAccess, RELATIONS } from './access.sql.ts';
import { type AccessWanted, keyOf, schemaOf } from './access-state.ts';
import { Attempts } from './attempts.ts';
import * as sql from './statements.sql.ts';
import { ownerOf } from './words.ts';

/** Kinds of which a wrong owner would let code, or rows, be reached with the rights of ours. */
const SERIOUS = new Set([...RELATIONS, 'sequence', 'function', 'procedure', 'aggregate', 'type', 'schema']);
const MOST_SHOWN = 20;

/** @throws SchemaCopyFailed where one cannot be given away that would be {@link SERIOUS} */
export async function setOwners(
  session: Pick<Session, 'query' | 'script'>,
  attempts: Attempts,
  present: readonly ObjectAccess[],
  before: ReadonlyMap<string, ObjectAccess>,
  { carried, ours }: AccessWanted,
): Promise<void> {
  const isOurs = (one: ObjectAccess): boolean => {
    const owner = before.get(keyOf(one))?.owner;
    return owner === ours || (one.kind === 'schema' && owner === 'pg_database_owner');
  };
  const given = present.filter((one) => one.ownable && carried.has(one.owner) && isOurs(one));
  for (const one of present) {
    const is = before.get(keyOf(one))?.owner;
    if (one.ownable && carried.has(one.owner) && is !== one.owner && !isOurs(one))
      attempts.leave(ownerOf(one), `it was there before, and is ${is}'s`);
  }
  const creators = new Map<string, Set<string>>();
  for (const one of given) {
    const schema = schemaOf(one);
    if (schema !== undefined) creators.set(schema, (creators.get(schema) ?? new Set()).add(one.owner));
  }
  const opened = [...creators].flatMap(([schema, owners]) => {
    const has = before.get(JSON.stringify(['schema', schema, null]))?.granted ?? [];
    const lacking = [...owners].filter((owner) => !has.some(({ to, may }) => to === owner && may === 'CREATE'));
    return lacking.length > 0 ? [{ schema, lacking }] : [];
  });
  for (const { schema, lacking } of opened) await attempts.run(sql.letCreate(schema, lacking));
  const owning = new Attempts(session);
  const set = (objects: readonly ObjectAccess[]) =>
    owning.tryAll(
      objects.map((one) => {
        const text = sql.setOwner(one, one.owner);
        return { text, parts: [{ what: ownerOf(one), texts: [text] }] };
      }),
    );
  await set(given.filter(({ kind }) => kind !== 'schema'));
  for (const { schema, lacking } of opened) await attempts.run(sql.stopCreating(schema, lacking));
  await set(given.filter(({ kind }) => kind === 'schema'));
  const serious = given.filter((one) => SERIOUS.has(one.kind) && owning.has(ownerOf(one)));
  if (serious.length > 0) {
    throw new SchemaCopyFailed(
      `The target did not let these be given to their owners: ${atMost(MOST_SHOWN, owning.refused).join('; ')}. Nothing was changed. ` +
        'Grant what is lacking to the target role, or exclude them; or start with {"roles": "flatten"}, which gives everything to the target role.',
    );
  }
  attempts.take(owning);
}
