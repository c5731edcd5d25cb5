/**
 * Which roles of the source stand on the target, and by which names. The source's login, a superuser of the source, and a trusted `postgres` become
 * the role that makes the copy; predefined roles are themselves; the platform's own stay behind; every other role keeps its name.
 *
 * Whoever may make roles on the source could call one like a role of the target's platform, so a name alone never makes a role ours.
 */
import type { Exclusions } from '../config/input.ts';
import { PREFIX } from '../config/names.ts';
import type { Reader } from '../ports/database.ts';
import { quotingAllNames } from '../postgres/quoted-names.ts';
import { rightsOn } from '../postgres/rights.ts';
import { accessOf, type Grant, type ObjectAccess } from './access.sql.ts';
import { type Membership, type RoleGraph, type RoleThere, roleGraph, rolesThere, type ServerRole } from './role-graph.sql.ts';

/** A role of the source that is to stand on the target under its own name. */
export interface RoleToCarry extends ServerRole {
  /** The role of this name that is on the target already, which is then used as it is. */
  readonly there: RoleThere | undefined;
}

export interface RoleMap {
  readonly carried: readonly RoleToCarry[];
  /** Between carried roles, and of carried roles in predefined ones. */
  readonly memberships: readonly Membership[];
  /** Roles of the platform that own, were granted or are members of something, and stay behind. */
  readonly leftOut: readonly string[];
  /**
   * Roles that own something and whose names are the platform's on the target, so that they can neither stand there nor become ours: the copy
   * is refused.
   */
  readonly misnamed: readonly string[];
  /** Roles of the source that become our role on the target. */
  readonly becomeOurs: readonly string[];
  /** Our role on the target. */
  readonly ours: string;
  /** The name on the target; undefined where the role stays behind. */
  targetOf(role: string): string | undefined;
}

/** What both the map and the carrying of owners and grants are made of. */
export interface SourceAccess {
  readonly objects: readonly ObjectAccess[];
  readonly graph: RoleGraph;
}

/** Predefined roles that say who owns a database, and so mean the same on both sides. */
const isPredefined = (name: string): boolean => name.startsWith('pg_');
const isPlatforms = (name: string, isRds: boolean): boolean => name.startsWith('pscale_') || (isRds && /^(rds|aws)/.test(name));
const isMigrations = (name: string): boolean => name.startsWith(`${PREFIX}_`);
/** The default role of PlanetScale, and the usual master user of Aurora. */
const MASTER = 'postgres';

/** One look at the catalogs of a side. */
export async function accessOn(side: Reader, input: Exclusions): Promise<SourceAccess> {
  return quotingAllNames(side, async (quoting) => {
    const objects = await quoting.query(accessOf(input));
    const [graph] = await quoting.query(roleGraph());
    if (!graph) throw new Error('A query without a from-list always returns a row.');
    return { objects, graph };
  });
}

/** Reads both sides. @param input the exclusions of the copy */
export async function roleMap(source: Reader, target: Reader, input: Exclusions): Promise<RoleMap> {
  return mapRoles(await accessOn(source, input), target);
}

export async function mapRoles({ objects, graph }: SourceAccess, target: Reader): Promise<RoleMap> {
  const known = new Map(graph.roles.map((role) => [role.name, role]));
  const trusted = new Set(graph.trusted);
  const becomesOurs = (name: string): boolean =>
    name === graph.ours || (name === MASTER && trusted.has(name)) || known.get(name)?.superuser === true;
  const isUsers = (name: string): boolean =>
    !becomesOurs(name) &&
    name !== MASTER &&
    !isPredefined(name) &&
    !isPlatforms(name, graph.isRds) &&
    !isMigrations(name) &&
    known.has(name);
  const reached = closure(involved(objects, graph, isUsers), graph.memberships, isUsers);
  const names = [...reached].filter(isUsers).toSorted();
  const { role: ours } = await rightsOn(target);
  const predefined = [...reached].filter(isPredefined);
  const there = new Map((await target.query(rolesThere([...names, ...predefined]))).map((role) => [role.name, role]));
  const targetOf = (name: string): string | undefined => {
    if (becomesOurs(name)) return ours;
    if (isPredefined(name)) return there.has(name) ? name : undefined;
    return names.includes(name) ? name : undefined;
  };
  return {
    carried: names.map((name) => ({ ...(known.get(name) as ServerRole), there: there.get(name) })),
    memberships: graph.memberships.filter(
      ({ role, member }) => names.includes(member) && (names.includes(role) || (isPredefined(role) && there.has(role))),
    ),
    leftOut: [...reached].filter((name) => !becomesOurs(name) && !isMigrations(name) && targetOf(name) === undefined).toSorted(),
    misnamed: [...ownersOf(objects)].filter((name) => targetOf(name) === undefined && !trusted.has(name)).toSorted(),
    becomeOurs: [...reached].filter(becomesOurs).toSorted(),
    ours,
    targetOf,
  };
}

const ownersOf = (objects: readonly ObjectAccess[]): Set<string> =>
  new Set(objects.filter(({ ownable, kind }) => ownable || kind === 'default privileges').map(({ owner }) => owner));

/** What the platform may do with the system's own functions is the platform's affair. */
export const isOfSystem = (name: string): boolean => name.startsWith('"pg_catalog".') || name.startsWith('"information_schema".');

/** Roles that own something, were granted something, or are named by a policy or a setting. */
function involved(objects: readonly ObjectAccess[], { named }: RoleGraph, isUsers: (name: string) => boolean): Set<string> {
  const names = new Set(named);
  const add = ({ to, by }: Grant): void => {
    if (to !== null) names.add(to);
    names.add(by);
  };
  for (const { owner, ownable, kind, name, granted } of objects) {
    if (ownable || kind === 'default privileges') names.add(owner);
    if (!isOfSystem(name)) granted.forEach(add);
    else for (const { to } of granted) if (to !== null && isUsers(to)) names.add(to);
  }
  return names;
}

/** With the roles that they are members of, which give them rights, and the members of the user's own ones, who have theirs through them. */
function closure(from: ReadonlySet<string>, memberships: readonly Membership[], isUsers: (name: string) => boolean): Set<string> {
  const all = new Set(from);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const { role, member } of memberships) {
      if (all.has(member) && isUsers(member)) all.add(role);
      if (all.has(role) && isUsers(role) && isUsers(member)) all.add(member);
    }
  }
  return all;
}
