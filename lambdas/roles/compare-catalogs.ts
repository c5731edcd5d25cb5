/** Roles, owners and memberships of both sides. Pure. */
import type { Exclusions } from '../config/input.ts';
import type { SideName } from '../config/side-name.ts';
import type { CarriedRole } from '../state/carried-roles.sql.ts';
import { type AccessDifference, roleInWords } from './access-difference.ts';
import { nameKey } from './effective-rights.ts';
import type { Membership } from './role-graph.sql.ts';
import type { RoleMap, SourceAccess } from './role-map.ts';
import { grantMembership, makeRole, revokeMembership } from './roles.sql.ts';
import { setOwner } from './statements.sql.ts';
import { membershipOf, ownerOf } from './words.ts';

/** What both sides were found to be. */
export interface Compared extends Readonly<Record<SideName, SourceAccess>> {
  readonly map: RoleMap;
  /** Roles that were carried, of which some may have been there before. */
  readonly carried: readonly CarriedRole[];
  readonly versions: Readonly<Record<SideName, number>>;
  readonly databases: Readonly<Record<SideName, string>>;
  /** Whether a gate is shut, so that one side is read-only and lets nobody connect. */
  readonly isShut: boolean;
  readonly exclusions: Exclusions;
}

/** Roles of the source that are to stand on the target, and do. */
export function rolesOnBoth({ map, target }: Pick<Compared, 'map' | 'target'>): string[] {
  const there = new Set(target.graph.roles.map(({ name }) => name));
  return map.carried.map(({ name }) => name).filter((name) => there.has(name));
}

/** What a role that we did not make has on the target alone, it may have had before. */
export const wasThere = ({ carried }: Pick<Compared, 'carried'>, role: string | null): boolean =>
  role !== null && !carried.some(({ name, made }) => name === role && made);

/** Roles that were made on the source since the copy, and those that were dropped there. */
export function compareRoles({ source, target, map, carried }: Compared): AccessDifference[] {
  const names = (side: SourceAccess): Set<string> => new Set(side.graph.roles.map(({ name }) => name));
  const [here, there] = [names(source), names(target)];
  const difference = (role: string, direction: AccessDifference['direction'], inherits = true): AccessDifference => ({
    subject: 'role',
    role: roleInWords(role),
    onSource: direction === 'missing' ? 'there' : 'none',
    onTarget: direction === 'missing' ? 'none' : 'there',
    direction,
    ofTarget: direction === 'more',
    recordedAs: `role ${role}`,
    mend: direction === 'missing' ? { target: `${makeRole(role, inherits).text};` } : {},
  });
  return [
    ...map.carried.filter(({ name }) => !there.has(name)).map(({ name, inherits }) => difference(name, 'missing', inherits)),
    ...carried.filter(({ name, onSource }) => there.has(name) && !here.has(onSource)).map(({ name }) => difference(name, 'more')),
  ];
}

/** What is a master's on the source is ours on the target, or of a role that could do anything that ours can. */
export function compareOwners({ source, target, map }: Compared): AccessDifference[] {
  const trusted = new Set([map.ours, 'pg_database_owner', ...target.graph.trusted]);
  const carried = new Set(map.carried.map(({ name }) => name));
  const there = new Map(target.objects.map((object) => [nameKey(object), object]));
  return source.objects.flatMap((object): AccessDifference[] => {
    const other = there.get(nameKey(object));
    if (!object.ownable || !other?.ownable) return [];
    const wanted = map.targetOf(object.owner) ?? map.ours;
    if (other.owner === wanted || (trusted.has(wanted) && trusted.has(other.owner))) return [];
    return [
      {
        subject: ownerOf(object),
        role: undefined,
        onSource: roleInWords(object.owner),
        onTarget: roleInWords(other.owner),
        direction: 'missing',
        ofTarget: false,
        recordedAs: ownerOf(object),
        mend: {
          target: `${setOwner(object, wanted)};`,
          ...(carried.has(other.owner) && { source: `${setOwner(object, other.owner)};` }),
        },
      },
    ];
  });
}

const OPTIONS = ['admin', 'inherit', 'set'] as const;
const optionsOf = (one: Membership | undefined): string =>
  one ? OPTIONS.map((option) => `${option} ${one[option]}`).join(', ') : 'no member';
const key = ({ member, role }: Membership): string => JSON.stringify([member, role]);

/** Memberships of carried roles in each other, and in predefined roles that both sides have. */
export function compareMemberships(compared: Compared): AccessDifference[] {
  const { map, source, target, versions } = compared;
  const members = new Set(rolesOnBoth(compared));
  const known = new Set(source.graph.roles.map(({ name }) => name));
  const here = new Map(map.memberships.map((one) => [key(one), one]));
  const isComparable = ({ member, role }: Membership): boolean =>
    members.has(member) && (members.has(role) || (role.startsWith('pg_') && known.has(role)));
  const there = new Map(target.graph.memberships.filter(isComparable).map((one) => [key(one), one]));
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((one): AccessDifference[] => {
    const [wanted, is] = [here.get(one), there.get(one)];
    const either = wanted ?? is;
    if (!either || !members.has(either.member)) return [];
    const lacks = OPTIONS.some((option) => wanted?.[option] && !is?.[option]) || (wanted && !is);
    const exceeds = OPTIONS.some((option) => is?.[option] && !wanted?.[option]) || (is && !wanted);
    if (!lacks && !exceeds) return [];
    const mended = (wish: Membership | undefined, version: number): string | undefined =>
      !wish ? `${revokeMembership(either)};` : version >= OPTIONS_SINCE ? `${grantMembership(wish)};` : undefined;
    const [onSource, onTarget] = [mended(is, versions.source), mended(wanted, versions.target)];
    return [
      {
        subject: membershipOf(either.member, either.role),
        role: roleInWords(either.member),
        onSource: optionsOf(wanted),
        onTarget: optionsOf(is),
        direction: lacks ? 'missing' : 'more',
        ofTarget: !lacks && wasThere(compared, either.member),
        recordedAs: membershipOf(either.member, either.role),
        mend: { ...(onTarget !== undefined && { target: onTarget }), ...(onSource !== undefined && { source: onSource }) },
      },
    ];
  });
}

/** From here on a membership has options of its own (https://www.postgresql.org/docs/release/16.0/). */
const OPTIONS_SINCE = 16;
