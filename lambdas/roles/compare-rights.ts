/** What each carried role and PUBLIC may do with what is on both sides. */
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import { identifier } from '../postgres/quote.ts';
import { type AccessDifference, roleInWords } from './access-difference.ts';
import { type Compared, rolesOnBoth, wasThere } from './compare-catalogs.ts';
import { effectiveRights, nameKey } from './effective-rights.ts';
import { type ColumnName, MAINTAIN_SINCE, WITH_GRANT_OPTION } from './privileges.sql.ts';
import { type Inherited, type RightsDifference, rightsDifferences } from './rights-differences.ts';
import type { RoleGraph } from './role-graph.sql.ts';
import type { SourceAccess } from './role-map.ts';
import { grantOn, revokeOn } from './statements.sql.ts';
import { grantsOn, objectInWords } from './words.ts';

/** Columns on which a side has granted something. */
export const columnsOf = (...sides: readonly SourceAccess[]): ColumnName[] => {
  const all = sides.flatMap(({ objects }) =>
    objects.flatMap(({ kind, name, column }) => (kind === 'column' && column ? [{ name, column }] : [])),
  );
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
};

export const bothMaintain = ({ source, target }: Readonly<Record<SideName, number>>): boolean => Math.min(source, target) >= MAINTAIN_SINCE;

/** By position in `roles`: PUBLIC, and the roles whose rights each has without becoming them. */
export function inheritedIn({ memberships }: Pick<RoleGraph, 'memberships'>, roles: readonly (string | null)[]): Inherited {
  const groups = new Map<string, string[]>();
  for (const { member, role, inherit } of memberships) if (inherit) groups.set(member, [...(groups.get(member) ?? []), role]);
  const position = new Map(roles.map((role, index) => [role, index]));
  return roles.map((role) => {
    const reached = new Set<string | null>();
    const waiting = role === null ? [] : [role];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const group of groups.get(next) ?? []) {
        if (reached.has(group)) continue;
        reached.add(group);
        waiting.push(group);
      }
    }
    if (role !== null) reached.add(null);
    return new Set([...reached].flatMap((group) => position.get(group) ?? []));
  });
}

export async function compareRights(source: Reader, target: Reader, compared: Compared): Promise<AccessDifference[]> {
  const told = [null, ...rolesOnBoth(compared)];
  const known = new Set(compared.target.graph.roles.map(({ name }) => name));
  // Predefined roles are the same on both sides; they say why a role may do what it may.
  const predefined = compared.source.graph.roles.map(({ name }) => name).filter((name) => name.startsWith('pg_') && known.has(name));
  const roles = [...told, ...predefined];
  const asked = {
    exclusions: compared.exclusions,
    roles,
    columns: columnsOf(compared.source, compared.target),
    maintain: bothMaintain(compared.versions),
  };
  const heirs = {
    source: inheritedIn(compared.source.graph, roles),
    target: inheritedIn(compared.target.graph, roles),
  };
  const [here, there] = await Promise.all([effectiveRights(source, asked), effectiveRights(target, asked)]);
  const found = rightsDifferences(here, there, heirs);
  const owners = { source: ownersIn(compared.source), target: ownersIn(compared.target) };
  return found.flatMap((one) => {
    const role = roles[one.role];
    if (role === undefined || one.role >= told.length || isOfOwner(one, role, owners)) return [];
    const rights = one.rights.filter((right) => !(compared.isShut && one.object.kind === 'database' && right.startsWith('CONNECT')));
    return rights.length > 0 ? [described({ ...one, rights }, role, compared)] : [];
  });
}

type Owners = ReadonlyMap<string, string>;
const ownersIn = ({ objects }: SourceAccess): Owners => new Map(objects.map((object) => [nameKey(object), object.owner]));

/** Another owner is a difference that is told by itself. */
function isOfOwner({ object, direction }: RightsDifference, role: string | null, owners: Readonly<Record<SideName, Owners>>): boolean {
  const key = nameKey(object);
  const [here, there] = [owners.source.get(key), owners.target.get(key)];
  return here !== there && role === (direction === 'missing' ? here : there);
}

function described({ object, direction, rights }: RightsDifference, role: string | null, compared: Compared): AccessDifference {
  const missing = direction === 'missing';
  const named = (side: SideName) => (object.kind === 'database' ? { ...object, name: identifier(compared.databases[side]) } : object);
  return {
    subject: `${rights.map((right) => right.replace(WITH_GRANT_OPTION, ' with grant option')).join(', ')} on ${objectInWords(object)}`,
    role: roleInWords(role),
    onSource: missing ? 'may' : 'may not',
    onTarget: missing ? 'may not' : 'may',
    direction,
    ofTarget: !missing && wasThere(compared, role),
    recordedAs: grantsOn(named('target')),
    mend: {
      source: statements(named('source'), rights, role, !missing),
      target: statements(named('target'), rights, role, missing),
    },
  };
}

/** The rights themselves, and the option on those that stay. */
export function statements(object: RightsDifference['object'], rights: readonly string[], role: string | null, isGranted: boolean): string {
  const plain = rights.filter((right) => !right.endsWith(WITH_GRANT_OPTION));
  const options = rights.filter((right) => right.endsWith(WITH_GRANT_OPTION)).map((right) => right.replace(WITH_GRANT_OPTION, ''));
  const texts = [
    ...(plain.length > 0 ? [isGranted ? grantOn([object], plain, { to: role, grantable: false }) : revokeOn([object], plain, role)] : []),
    ...(options.length > 0
      ? [isGranted ? grantOn([object], options, { to: role, grantable: true }) : revokeOn([object], options, role, true)]
      : []),
  ];
  return texts.map((text) => `${text};`).join(' ');
}
