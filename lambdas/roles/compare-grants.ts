/**
 * Grants that has_*_privilege does not tell: on parts of extensions and of the system, of which each server has its own, what was granted and
 * withdrawn beside what they came with; and what objects get that are made from now on. Pure.
 */
import type { SideName } from '../config/side-name.ts';
import type { Grant, ObjectAccess } from './access.sql.ts';
import { type AccessDifference, roleInWords } from './access-difference.ts';
import { type Compared, rolesOnBoth, wasThere } from './compare-catalogs.ts';
import { nameKey } from './effective-rights.ts';
import { isOfSystem } from './role-map.ts';
import { grantDefault, grantOn, revokeDefault, revokeOn } from './statements.sql.ts';
import { defaultsOf, grantsOn, objectInWords } from './words.ts';

/** A right that a side has beside, or lacks of, what an object begins with. */
interface Deviation {
  readonly grant: Grant;
  readonly withdrawn: boolean;
}

const deviationKey = ({ grant: { to, may, grantable }, withdrawn }: Deviation): string => JSON.stringify([to, may, grantable, withdrawn]);

function deviations({ granted, withdrawn }: Pick<ObjectAccess, 'granted' | 'withdrawn'>, counts: (grant: Grant) => boolean) {
  const all = [
    ...granted.filter(counts).map((grant) => ({ grant, withdrawn: false })),
    ...withdrawn.filter(counts).map((grant) => ({ grant, withdrawn: true })),
  ];
  return new Map(all.map((one) => [deviationKey(one), one]));
}

const NONE = { granted: [], withdrawn: [] };

/** On what the target has of itself roles of its own may have rights; of the carried ones and PUBLIC the same is expected. */
function countedIn(compared: Compared): (grant: Grant) => boolean {
  const roles = new Set(rolesOnBoth(compared));
  const maintain = Math.min(compared.versions.source, compared.versions.target) >= 17;
  return ({ to, may }) => (to === null || roles.has(to)) && (maintain || may !== 'MAINTAIN');
}

const EFFECTIVE = ['sequence', 'column', 'database', 'default privileges'];

/** Functions, types and the like of extensions, and what of the system was granted to the user's roles. */
export function compareForeignGrants(compared: Compared): AccessDifference[] {
  const counts = countedIn(compared);
  const isForeign = ({ kind, ownable }: ObjectAccess): boolean => !ownable && !EFFECTIVE.includes(kind);
  const here = new Map(compared.source.objects.filter(isForeign).map((one) => [nameKey(one), one]));
  const there = new Map(compared.target.objects.filter(isForeign).map((one) => [nameKey(one), one]));
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((key) => {
    const [one, other] = [here.get(key), there.get(key)];
    const object = one ?? other;
    if (!object || ((!one || !other) && !isOfSystem(object.name))) return [];
    return differing(compared, [one ?? NONE, other ?? NONE], counts, {
      what: objectInWords(object),
      recordedAs: grantsOn(object),
      mend: ({ to, may, grantable }, grants) => (grants ? grantOn([object], [may], { to, grantable }) : revokeOn([object], [may], to)),
    });
  });
}

/** Of carried roles, and of what becomes ours: that may give more. */
export function compareDefaults(compared: Compared): AccessDifference[] {
  const { map } = compared;
  const roles = new Set(rolesOnBoth(compared));
  const counts = countedIn(compared);
  const defaultsIn = (side: SideName): Map<string, ObjectAccess> =>
    new Map(
      compared[side].objects
        .filter(({ kind }) => kind === 'default privileges')
        .flatMap((one): [string, ObjectAccess][] => {
          const owner = side === 'source' ? map.targetOf(one.owner) : one.owner;
          return owner !== undefined && (owner === map.ours || roles.has(owner))
            ? [[JSON.stringify([owner, one.schema, one.objects]), { ...one, owner }]]
            : [];
        }),
    );
  const [here, there] = [defaultsIn('source'), defaultsIn('target')];
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((key) => {
    const [one, other] = [here.get(key), there.get(key)];
    const object = one ?? other;
    if (!object) return [];
    const what = defaultsOf(object.owner, object.schema, object.objects ?? '');
    const found = differing(compared, [one ?? NONE, other ?? NONE], counts, {
      what,
      recordedAs: what,
      mend: (grant, grants) => (grants ? grantDefault(object, grant) : revokeDefault(object, grant)),
    });
    return object.owner === map.ours ? found.filter(({ direction }) => direction === 'missing') : found;
  });
}

interface Described {
  readonly what: string;
  readonly recordedAs: string;
  mend(grant: Grant, grants: boolean): string;
}

type Lists = Pick<ObjectAccess, 'granted' | 'withdrawn'>;

function differing(
  compared: Compared,
  [source, target]: readonly [Lists, Lists],
  counts: (grant: Grant) => boolean,
  { what, recordedAs, mend }: Described,
): AccessDifference[] {
  const [here, there] = [deviations(source, counts), deviations(target, counts)];
  const only = (one: ReadonlyMap<string, Deviation>, other: ReadonlyMap<string, Deviation>): Deviation[] =>
    [...one].flatMap(([key, deviation]) => (other.has(key) ? [] : [deviation]));
  const described = ({ grant, withdrawn }: Deviation, ofSource: boolean): AccessDifference => {
    const missing = ofSource !== withdrawn;
    return {
      subject: `${grant.may}${grant.grantable ? ' with grant option' : ''} on ${what}`,
      role: roleInWords(grant.to),
      onSource: missing ? 'granted' : 'not granted',
      onTarget: missing ? 'not granted' : 'granted',
      direction: missing ? 'missing' : 'more',
      ofTarget: !missing && wasThere(compared, grant.to),
      recordedAs,
      mend: { target: `${mend(grant, missing)};`, source: `${mend(grant, !missing)};` },
    };
  };
  return [...only(here, there).map((one) => described(one, true)), ...only(there, here).map((one) => described(one, false))];
}
