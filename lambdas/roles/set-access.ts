/** Owners and grants of objects of the target, brought from what they are to what they are to be. */
import { SchemaCopyFailed } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import type { Session } from '../ports/database.ts';
import { identifier } from '../postgres/quote.ts';
import { quoteAllNames, quoteNeededNames } from '../postgres/session-pins.sql.ts';
import { accessOf, type Grant, type ObjectAccess } from './access.sql.ts';
import { type Attempt, Attempts } from './attempts.ts';
import { grantsToMake, type RightsChange, rightsToTakeBack } from './differences.ts';
import { joinRoles } from './make.ts';
import { leaveRoles } from './roles.sql.ts';
import * as sql from './statements.sql.ts';
import { defaultsOf, grantsOn, ownerOf } from './words.ts';

type Scripts = Pick<Session, 'query' | 'script'>;

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

export interface AccessSet {
  /** Objects that are not there. */
  readonly absent: readonly ObjectAccess[];
  /** Statements that take back what was changed on objects that were there before. */
  readonly undo: readonly string[];
}

const EVERYTHING = { excludeSchemas: [], excludeTables: [] };

export const keyOf = ({ kind, name, column, schema, objects, owner }: ObjectAccess): string =>
  JSON.stringify(kind === 'default privileges' ? [kind, owner, schema, objects] : [kind, name, column]);

async function lookAtAccess(session: Pick<Session, 'query'>): Promise<ReadonlyMap<string, ObjectAccess>> {
  await session.query(quoteAllNames());
  const found = await session.query(accessOf(EVERYTHING));
  await session.query(quoteNeededNames());
  return new Map(found.map((one) => [keyOf(one), one]));
}

const isOfSystem = ({ name }: ObjectAccess): boolean => name.startsWith('"pg_catalog".') || name.startsWith('"information_schema".');

/** What is not listed: columns on which nothing is granted, and what came with the server as it came. */
function stateOf(one: ObjectAccess, there: ReadonlyMap<string, ObjectAccess>): ObjectAccess | undefined {
  const is = there.get(keyOf(one));
  if (is) return is;
  const table = one.kind === 'column' && RELATIONS.find((kind) => there.has(JSON.stringify([kind, one.name, null])));
  return table || isOfSystem(one) ? { ...one, granted: [], withdrawn: [], givenUp: [] } : undefined;
}
const RELATIONS = ['table', 'view', 'materialized view', 'foreign table'];

/** Kinds of which a wrong owner would let code, or rows, be reached with the rights of ours. */
const SERIOUS = new Set([
  'table',
  'view',
  'materialized view',
  'foreign table',
  'sequence',
  'function',
  'procedure',
  'aggregate',
  'type',
  'schema',
]);
const MOST_SHOWN = 20;

/**
 * In a transaction, as our role, which may act for every owner (`joinRoles`). What a managed target refuses is kept by `attempts`.
 * @throws SchemaCopyFailed where a table, a function or the like cannot be given to its owner
 */
export async function setAccess(session: Scripts, attempts: Attempts, wanted: AccessWanted): Promise<AccessSet> {
  const before = await lookAtAccess(session);
  const isDefaults = ({ kind }: ObjectAccess): boolean => kind === 'default privileges';
  const objects = wanted.objects.filter((one) => !isDefaults(one));
  const isThere = (one: ObjectAccess): boolean => stateOf(one, before) !== undefined;
  const present = objects.filter(isThere);
  const absent = objects.filter((one) => !isThere(one) && (one.ownable || one.granted.length > 0));
  const isWrapper = ({ kind }: ObjectAccess): boolean => kind === 'foreign-data wrapper'; // the owner of a server has to have USAGE of it
  const undo = await setGrants(session, attempts, present.filter(isWrapper), before, wanted);
  await setOwners(session, attempts, present, before, wanted);
  const rest = present.filter((one) => !isWrapper(one));
  undo.push(...(await setGrants(session, attempts, rest, await lookAtAccess(session), wanted, before)));
  undo.push(...(await setDefaults(session, attempts, wanted.objects.filter(isDefaults), before, wanted)));
  return { absent, undo };
}

/** The schema of an object, quoted; undefined where it is in none. */
export const schemaOf = ({ name }: ObjectAccess): string | undefined => /^("(?:[^"]|"")*")\./.exec(name)?.[1];

async function setOwners(
  session: Scripts,
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

/** @param first as it was before the owners were set, where they were */
async function setGrants(
  session: Scripts,
  attempts: Attempts,
  present: readonly ObjectAccess[],
  now: ReadonlyMap<string, ObjectAccess>,
  wanted: AccessWanted,
  first = now,
): Promise<string[]> {
  const { carried, made, ours, database } = wanted;
  const undo: string[] = [];
  const changes = present.flatMap((one): RightsChange[] => {
    const is = stateOf(one, now);
    if (!is) return [];
    const object = one.kind === 'database' ? { ...is, name: identifier(database) } : is;
    if (one.givenUp.length > 0 && one.owner === is.owner) {
      attempts.leave(grantsOn(one), `${one.owner} keeps what it has given up: ${one.givenUp.join(', ')}`);
    }
    const all = [...rightsToTakeBack(object, one, is, carried), ...grantsToMake(object, one, is)];
    const wasThere = one.kind === 'database' || isOfSystem(one) || (one.kind !== 'column' && first.get(keyOf(one))?.owner !== ours);
    if (wasThere) undo.push(...all.filter(({ to }) => to === null || !made.has(to)).map(undoing));
    return all;
  });
  const closes = changes.some(
    ({ object, verb, to, rights }) => verb === 'revoke' && to === null && object.kind === 'database' && rights.includes('CONNECT'),
  );
  if (closes) await attempts.try('logins of the target keep CONNECT', sql.keepConnecting([...carried]));
  const actors = [...new Set(changes.flatMap((change) => actorOf(change, carried) ?? []))];
  const joined = await joinRoles(session, actors, ours);
  for (const some of inRounds(changes)) await attempts.tryAll(batched(schemasFirst(some), carried));
  if (joined.length > 0) await session.query(leaveRoles(joined));
  return undo;
}

const textOf = ({ object, verb, rights, to, grantable, optionOnly }: RightsChange, objects: readonly ObjectAccess[] = [object]): string =>
  verb === 'grant' ? sql.grantOn(objects, rights, { to, grantable }) : sql.revokeOn(objects, rights, to, optionOnly);

const undoing = (change: RightsChange): string =>
  textOf({ ...change, verb: change.verb === 'grant' ? 'revoke' : 'grant', grantable: false, optionOnly: false });

/** What is granted by the owner comes before what others have passed on, and that in the order in which they may. */
function inRounds(changes: readonly RightsChange[]): RightsChange[][] {
  const rounds: RightsChange[][] = [changes.filter(({ by }) => by === undefined)];
  let waiting = changes.filter(({ by }) => by !== undefined);
  const mayPassOn = new Set<string>();
  const note = (round: readonly RightsChange[]): void => {
    for (const { object, to, rights, grantable } of round) {
      if (grantable) for (const right of rights) mayPassOn.add(JSON.stringify([keyOf(object), to, right]));
    }
  };
  note(rounds[0] ?? []);
  while (waiting.length > 0) {
    const ready = waiting.filter(({ object, by = null, rights }) =>
      rights.every((right) => mayPassOn.has(JSON.stringify([keyOf(object), by, right]))),
    );
    // What nobody could have passed on comes from the owner, which gives the same right.
    const round = ready.length > 0 ? ready : waiting.map(({ by: _, ...change }) => change);
    rounds.push(round);
    note(round);
    const taken = new Set<RightsChange>(ready.length > 0 ? ready : waiting);
    waiting = waiting.filter((change) => !taken.has(change));
  }
  return rounds;
}

/** Objects for one statement. */
const OBJECTS_AT_ONCE = 100;

/**
 * The role in whose name a right is given or taken: as ourselves we would be whichever of our roles the server picks (`postgres/as-grantor.sql.ts`).
 * @returns undefined where that is our own role, or one that we cannot be
 */
const actorOf = ({ by, object }: RightsChange, carried: ReadonlySet<string>): string | undefined =>
  [by ?? object.owner].find((name) => carried.has(name));

/** Without USAGE of the schema its grantor would not find the object. */
const schemasFirst = (changes: readonly RightsChange[]): RightsChange[] =>
  changes.toSorted((a, b) => Number(b.object.kind === 'schema') - Number(a.object.kind === 'schema'));

/** The same change of many objects is one statement. */
function batched(changes: readonly RightsChange[], carried: ReadonlySet<string>): Attempt[] {
  const groups = new Map<string, RightsChange[]>();
  for (const change of changes) {
    const { object, verb, rights, to, grantable, optionOnly } = change;
    const column = object.column === null ? '' : keyOf(object);
    const key = JSON.stringify([sql.grantWord(object), column, verb, rights, to, actorOf(change, carried), grantable, optionOnly]);
    const group = groups.get(key);
    if (group) group.push(change);
    else groups.set(key, [change]);
  }
  return [...groups.values()].flatMap((group) => {
    const attempts: Attempt[] = [];
    for (let from = 0; from < group.length; from += OBJECTS_AT_ONCE) {
      const some = group.slice(from, from + OBJECTS_AT_ONCE);
      const [change] = some;
      if (!change) continue;
      const actor = actorOf(change, carried);
      const texts = (objects: readonly ObjectAccess[]): string[] => {
        const text = textOf(change, objects);
        return actor === undefined ? [text] : [sql.actingAs(actor, text), text];
      };
      const [text = ''] = texts(some.map(({ object }) => object));
      attempts.push({ text, parts: some.map(({ object }) => ({ what: grantsOn(object), texts: texts([object]) })) });
    }
    return attempts;
  });
}

async function setDefaults(
  session: Scripts,
  attempts: Attempts,
  defaults: readonly ObjectAccess[],
  before: ReadonlyMap<string, ObjectAccess>,
  { made, carried, ours }: AccessWanted,
): Promise<string[]> {
  const undo: string[] = [];
  const joined = await joinRoles(session, [...new Set(defaults.map(({ owner }) => owner).filter((owner) => carried.has(owner)))], ours);
  for (const one of defaults) {
    const is = before.get(keyOf(one)) ?? { ...one, granted: [], withdrawn: [] };
    const grants = one.granted.filter((grant) => !has(is.granted, grant));
    const back = one.withdrawn.filter((grant) => !has(is.withdrawn, grant));
    const statements = [...grants.map((grant) => sql.grantDefault(one, grant)), ...back.map((grant) => sql.revokeDefault(one, grant))];
    if (statements.length === 0) continue;
    const what = defaultsOf(one.owner, one.schema, one.objects ?? '');
    if ((await attempts.try(what, statements.join(';\n'))) && !made.has(one.owner)) {
      undo.push(...grants.map((grant) => sql.revokeDefault(one, grant)), ...back.map((grant) => sql.grantDefault(one, grant)));
    }
  }
  if (joined.length > 0) await session.query(leaveRoles(joined));
  return undo;
}

const has = (grants: readonly Grant[], { to, may, grantable }: Grant): boolean =>
  grants.some((other) => other.to === to && other.may === may && (other.grantable || !grantable));
