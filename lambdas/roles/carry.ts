/**
 * Roles, owners, grants and settings of the source, brought to the target in the transaction that copies the schema: roles first, since policies
 * and mappings name them; the rest when the objects are there, and before any row is. What is made later gets its own when it is there.
 */
import { SchemaCopyFailed } from '../config/errors.ts';
import type { Exclusions } from '../config/input.ts';
import { atMost } from '../config/listing.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import { ownRole } from '../postgres/roles.sql.ts';
import * as due from '../state/access-due.sql.ts';
import { carriedRoles, createCarriedRoles, recordCarriedRoles } from '../state/carried-roles.sql.ts';
import { addLeftBehind } from '../state/schema-copy.sql.ts';
import { type ObjectAccess, RELATIONS } from './access.sql.ts';
import { schemaOf } from './access-state.ts';
import { Attempts } from './attempts.ts';
import { joinRoles, makeMemberships, makeRoles } from './make.ts';
import { accessOn, mapRoles, type RoleMap } from './role-map.ts';
import { setAccess } from './set-access.ts';
import { type KeptSetting, keptSettings } from './settings.sql.ts';
import { giveSettings, mappedSettings } from './settings.ts';
import { setOwner } from './statements.sql.ts';

type Scripts = Pick<Session, 'query' | 'script'>;

/** Everything of the source that is to be carried, by the names on the target. */
export interface Carrying {
  readonly map: RoleMap;
  /** Names on the target of roles that are called otherwise there. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly objects: readonly ObjectAccess[];
  readonly settings: readonly KeptSetting[];
}

/** For messages. */
export const misnamedInWords = (names: readonly string[]): string =>
  `Roles of the source own objects and are called like roles of the target's platform: ${atMost(MOST_SHOWN, names).join(', ')}. They cannot be made there, and to ` +
  'give their code to our role would give it more rights than it has. Rename them, or give what they own to another role (reassign owned by … to …); or ' +
  'start with {"roles": "flatten"}, if you trust their code.';
const MOST_SHOWN = 20;

/** Looks at both sides, before the dump: what changes in between is then a difference to be found later. */
export async function planCarrying(source: Reader, target: Reader, input: Exclusions): Promise<Carrying> {
  const access = await accessOn(source, input);
  const map = await mapRoles(access, target);
  if (map.misnamed.length > 0) throw new SchemaCopyFailed(`${misnamedInWords(map.misnamed)} Nothing was changed.`);
  return {
    map,
    renamed: new Map(map.becomeOurs.map((name) => [name, map.ours])),
    objects: access.objects.map((object) => mapped(object, map)),
    settings: mappedSettings(await source.query(keptSettings()), map),
  };
}

/** Grants to and by roles that stay behind stay behind; those by a role that becomes ours come from the owner. */
function mapped(object: ObjectAccess, { targetOf, ours }: RoleMap): ObjectAccess {
  const owner = targetOf(object.owner) ?? ours;
  return {
    ...object,
    owner,
    granted: object.granted.flatMap((grant) => {
      const to = grant.to === null ? null : targetOf(grant.to);
      if (to === undefined || to === owner) return [];
      const by = targetOf(grant.by);
      return [{ ...grant, to, by: by === undefined || by === ours ? owner : by }];
    }),
  };
}

/** The roles, as they were made; see {@link carryAccess}. */
export interface RolesMade {
  readonly made: ReadonlySet<string>;
  readonly attempts: Attempts;
  readonly undo: readonly string[];
}

/** Before the dump is applied, which names them. */
export async function carryRoles(session: Scripts, { map }: Carrying): Promise<RolesMade> {
  const attempts = new Attempts(session);
  const made = await makeRoles(session, map);
  return { made, attempts, undo: await makeMemberships(session, attempts, map, made) };
}

/**
 * When the dump has been applied. Our role can act for every owner from here on, until Cleanup.
 * @returns what could not follow, such as `grants on function shop.price(integer) (permission denied (42501))`
 * @throws SchemaCopyFailed where a table, a function or the like cannot be given to its owner
 */
export async function carryAccess(
  session: Scripts,
  { map, objects, settings }: Carrying,
  roles: RolesMade,
  database: string,
): Promise<string[]> {
  const { made, attempts } = roles;
  const { ours } = map;
  const carried = new Set(map.carried.map(({ name }) => name));
  const owners = new Set(objects.filter(({ ownable }) => ownable).map(({ owner }) => owner));
  const joined = new Set(
    await joinRoles(
      session,
      [...owners].filter((owner) => carried.has(owner)),
      ours,
    ),
  );
  const { absent, undo } = await setAccess(session, attempts, { objects, carried, made, ours, database });
  const unset = await giveSettings(session, attempts, settings, { database, made, ours });
  await session.query(createCarriedRoles());
  await session.query(
    recordCarriedRoles(map.carried.map(({ name }) => ({ name, onSource: name, made: made.has(name), joined: joined.has(name) }))),
  );
  for (const statement of due.createAccessDue()) await session.query(statement);
  await session.query(due.listAccessDue(absent.map((object) => dueOf(object, carried))));
  await session.query(due.listAccessUndo([...roles.undo, ...undo, ...unset]));
  return attempts.refused;
}

/** Owners and grants of what was made since the copy; what is refused stays as it is, and is told. May be repeated. */
export async function carryAccessDue(target: Database, log: Log): Promise<void> {
  const [there] = await target.query(due.accessDueExists());
  if (!there?.exists) return;
  await target.transaction(async (session) => {
    const refused = await carryDue(session, target.endpoint.database);
    if (refused.length === 0) return;
    await session.query(addLeftBehind(refused));
    log.warn('Owners or grants could not be carried', { refused });
  });
}

/** The same, in a transaction that is open. @returns what was refused */
export async function carryDue(session: Scripts, database: string): Promise<string[]> {
  const objects = (await session.query(due.accessDue<ObjectAccess>())).map(({ access }) => access);
  if (objects.length === 0) return [];
  const roles = await session.query(carriedRoles());
  const [ours] = await session.query(ownRole());
  if (!ours) throw new Error('A query without a from-list always returns a row.');
  const attempts = new Attempts(session);
  const { undo } = await setAccess(session, attempts, {
    objects,
    carried: new Set(roles.map(({ name }) => name)),
    made: new Set(roles.filter(({ made }) => made).map(({ name }) => name)),
    ours: ours.name,
    database,
  });
  await session.query(due.listAccessUndo(undo));
  return attempts.refused;
}

const ROUTINES = ['function', 'procedure', 'aggregate'];

/** What code of others could call, or read through, while it is still ours. */
function dueOf(object: ObjectAccess, carried: ReadonlySet<string>): due.AccessDue {
  const { kind, name, owner, ownable } = object;
  const schema = schemaOf(object);
  const isRelation = RELATIONS.includes(kind);
  const isDue = ownable && carried.has(owner) && schema !== undefined && (isRelation || ROUTINES.includes(kind));
  return { access: object, owner: isDue ? { relation: isRelation, name, schema, owner, give: setOwner(object, owner) } : undefined };
}
