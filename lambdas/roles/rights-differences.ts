/** Where roles may do less or more on the target than on the source, each told once. Pure. */
import { RELATIONS } from './access.sql.ts';
import { type EffectiveRights, type Named, nameKey, type RightsByRole } from './effective-rights.ts';
import { WITH_GRANT_OPTION } from './privileges.sql.ts';

/** Seen from the target: what is on the source alone is missing. */
export type Direction = 'missing' | 'more';

export interface RightsDifference {
  readonly object: Named;
  /** Position in the list of roles. */
  readonly role: number;
  readonly direction: Direction;
  readonly rights: readonly string[];
}

/** Whose rights a role has beside its own: positions in the list of roles, by the position of the role, PUBLIC among them. */
export type Inherited = readonly ReadonlySet<number>[];

export interface Heirs {
  readonly source: Inherited;
  readonly target: Inherited;
}

/** Rights of a role that it does not have because of another difference, which is told by itself. */
type Explained = (role: number, right: string, from: RightsByRole, to: RightsByRole) => boolean;

/** A role lost what PUBLIC, or a role that it inherits from, has lost; or it no longer inherits. */
const explainedBy =
  (there: Inherited, here: Inherited): Explained =>
  (role, right, from, to) =>
    [...(there[role] ?? [])].some((other) => from[other]?.has(right) && (!to[other]?.has(right) || !here[role]?.has(other)));

const lostBetween = (from: RightsByRole, to: RightsByRole, explained: Explained): string[][] =>
  from.map((rights, role) => {
    const lost = [...rights].filter((right) => !to[role]?.has(right) && !explained(role, right, from, to));
    return lost.filter((right) => !right.endsWith(WITH_GRANT_OPTION) || !lost.includes(right.slice(0, -WITH_GRANT_OPTION.length)));
  });

/** Only what is on both sides; an object of one side alone is a difference of the schemas. */
export function rightsDifferences(source: EffectiveRights, target: EffectiveRights, heirs: Heirs): RightsDifference[] {
  const missing = remembered((from, to) => lostBetween(from, to, explainedBy(heirs.source, heirs.target)));
  const more = remembered((from, to) => lostBetween(to, from, explainedBy(heirs.target, heirs.source)));
  const found: RightsDifference[] = [];
  for (const [key, { object, rights: from }] of source.on) {
    const to = target.on.get(key)?.rights;
    if (!to) continue;
    for (const [direction, all] of [
      ['missing', missing(from, to)],
      ['more', more(from, to)],
    ] as const) {
      all.forEach((rights, role) => {
        if (rights.length > 0) found.push({ object, role, direction, rights });
      });
    }
  }
  return withoutColumnsOf(found);
}

/** Objects that are alike on both sides share the answer. */
function remembered(compare: (from: RightsByRole, to: RightsByRole) => string[][]): (from: RightsByRole, to: RightsByRole) => string[][] {
  const known = new Map<RightsByRole, Map<RightsByRole, string[][]>>();
  return (from, to) => {
    const byTarget = known.get(from) ?? new Map<RightsByRole, string[][]>();
    known.set(from, byTarget);
    const answer = byTarget.get(to) ?? compare(from, to);
    byTarget.set(to, answer);
    return answer;
  };
}

/** What a role lost on a table it lost on its columns. */
function withoutColumnsOf(found: readonly RightsDifference[]): RightsDifference[] {
  const key = (object: Named, { role, direction }: RightsDifference): string => JSON.stringify([nameKey(object), role, direction]);
  const ofTables = new Map(found.filter(({ object }) => object.column === null).map((one) => [key(one.object, one), one.rights]));
  return found.flatMap((one) => {
    if (one.object.column === null) return [one];
    const told = RELATIONS.flatMap((kind) => ofTables.get(key({ kind, name: one.object.name, column: null }, one)) ?? []);
    const rights = one.rights.filter((right) => !told.includes(right) && !told.includes(right.replace(WITH_GRANT_OPTION, '')));
    return rights.length > 0 ? [{ ...one, rights }] : [];
  });
}
