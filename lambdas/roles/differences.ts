/** What has to be granted and revoked so that an object's access list says what it is to say. Pure. */
import type { Grant, ObjectAccess } from './access.sql.ts';

/** One statement's worth of a change. */
export interface RightsChange {
  readonly object: ObjectAccess;
  readonly verb: 'grant' | 'revoke';
  readonly rights: readonly string[];
  /** Null for PUBLIC. */
  readonly to: string | null;
  readonly grantable: boolean;
  /** Of a revocation, whether the right itself stays. */
  readonly optionOnly: boolean;
  /** The role that passes the right on, where it is not the owner. */
  readonly by?: string;
}

const same = (one: Grant, other: Grant): boolean => one.to === other.to && one.may === other.may;
/** Whether a right is among them, with as much of the grant option as is wanted. */
export const includes = (grants: readonly Grant[], wanted: Grant): boolean =>
  grants.some((is) => same(is, wanted) && (is.grantable || !wanted.grantable));

/** The rights of one role by one grantor in one statement. */
function together(
  object: ObjectAccess,
  grants: readonly Grant[],
  change: Pick<RightsChange, 'verb' | 'optionOnly'>,
  owner?: string,
): RightsChange[] {
  const groups = new Map<string, Grant[]>();
  for (const grant of grants) {
    const key = JSON.stringify([grant.to, grant.grantable, owner === undefined ? null : grant.by]);
    groups.set(key, [...(groups.get(key) ?? []), grant]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const by = owner !== undefined && first.by !== owner ? { by: first.by } : {};
    return [
      { object, ...change, rights: [...new Set(group.map(({ may }) => may))].toSorted(), to: first.to, grantable: first.grantable, ...by },
    ];
  });
}

/** @param object as it is to be named in the statement */
export const grantsToMake = (object: ObjectAccess, wanted: ObjectAccess, is: ObjectAccess): RightsChange[] => [
  ...together(
    object,
    wanted.granted.filter((grant) => grant.to !== is.owner && !includes(is.granted, grant)),
    { verb: 'grant', optionOnly: false },
    wanted.owner,
  ),
  ...together(
    object,
    is.withdrawn.filter((grant) => !wanted.withdrawn.some((other) => same(other, grant))),
    { verb: 'grant', optionOnly: false },
  ),
];

/**
 * From PUBLIC and carried roles alone: what another role has on the target, the target's own people have given it.
 * @param carried roles that stand on both sides
 */
export const rightsToTakeBack = (
  object: ObjectAccess,
  wanted: ObjectAccess,
  is: ObjectAccess,
  carried: ReadonlySet<string>,
): RightsChange[] => {
  const ofTheirs = is.granted.filter(({ to }) => to === null || carried.has(to));
  const tooMuch = ofTheirs.filter((grant) => !wanted.granted.some((other) => same(other, grant)));
  const optionTooMuch = ofTheirs.filter(
    (grant) => grant.grantable && wanted.granted.some((other) => same(other, grant)) && !includes(wanted.granted, grant),
  );
  const withdrawn = wanted.withdrawn
    .filter((grant) => grant.to === null && !is.withdrawn.some((other) => same(other, grant)))
    .map((grant) => ({ ...grant, by: is.owner })); // what an object has from the beginning comes from its owner
  return [
    ...together(
      object,
      [...tooMuch, ...withdrawn].map((grant) => ({ ...grant, grantable: false })),
      { verb: 'revoke', optionOnly: false },
      is.owner,
    ),
    ...together(
      object,
      optionTooMuch.map((grant) => ({ ...grant, grantable: false })),
      { verb: 'revoke', optionOnly: true },
      is.owner,
    ),
  ];
};
