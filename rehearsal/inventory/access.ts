/** Whether every object has the owner that it had, and every role may do what it might: no more, and no less. */
import {
  closedSettings,
  defaultRights,
  mayMakeRoles,
  memberships,
  owners,
  quoteNames,
  quoteNamesNoMore,
  rights,
  rolesInvolved,
  rolesThere,
  settings,
} from './access-queries.ts';
import type { Entry } from './catalogs.ts';
import type { BothSides, Look } from './look.ts';
import { EVERYTHING, type Scope } from './scope.ts';

export interface AccessComparison {
  /** Number of owners, of rights of a role on an object, of memberships, default privileges and settings; 0 where none were to be carried. */
  readonly compared: number;
  /** Each by its name, with what it is on either side; values of settings are not told. */
  readonly different: readonly string[];
}

export const NOT_CARRIED: AccessComparison = { compared: 0, different: [] };

/** @param scope where something was left out, a role that had rights on that alone is missed by nobody */
export async function compareAccess({ source, target }: BothSides, scope: Scope = EVERYTHING): Promise<AccessComparison> {
  const [ability] = await target(mayMakeRoles());
  if (!ability?.may) return NOT_CARRIED;
  const involved = namesOf(await source(rolesInvolved()));
  const there = new Set(namesOf(await target(rolesThere(involved))));
  const predefined = namesOf(await source(rolesThere([]))).filter((name) => there.has(name));
  const roles = involved.filter((name) => there.has(name));
  const missing = scope === EVERYTHING ? involved.filter((name) => !there.has(name)) : [];
  const closed = new Set(namesOf(await target(closedSettings())));
  const seenOn = async (look: Look): Promise<Seen> => {
    await look(quoteNames());
    const objects = [...(await look(owners())), ...(await look(rights(['public', ...roles])))];
    const others = [...(await look(memberships(roles, predefined))), ...(await look(defaultRights(['public', ...roles])))];
    const set = (await look(settings(roles))).filter(({ setting }) => !closed.has(setting));
    await look(quoteNamesNoMore());
    return { objects: byName(objects), others: byName(others), settings: byName(set) };
  };
  const [was, is] = [await seenOn(source), await seenOn(target)];
  const onBoth = [...was.objects.keys()].filter((name) => is.objects.has(name));
  const differing = (before: Details, after: Details, names: Iterable<string>): string[] =>
    [...names].filter((name) => before.get(name) !== after.get(name));
  const inWords = (before: Details, after: Details) => (name: string) =>
    `${name}: ${before.get(name) ?? 'none'} on the source, ${after.get(name) ?? 'none'} on the target`;
  const others = new Set([...was.others.keys(), ...is.others.keys()]);
  const set = new Set([...was.settings.keys(), ...is.settings.keys()]);
  return {
    compared: involved.length + onBoth.length + others.size + set.size,
    different: [
      ...missing.map((name) => `role ${name}: not on the target`),
      ...differing(was.objects, is.objects, onBoth).map(inWords(was.objects, is.objects)),
      ...differing(was.others, is.others, others).map(inWords(was.others, is.others)),
      ...differing(was.settings, is.settings, set),
    ],
  };
}

type Details = ReadonlyMap<string, string>;
interface Seen {
  /** Of objects, which are compared where they are on both sides. */
  readonly objects: Details;
  readonly others: Details;
  readonly settings: Details;
}

const namesOf = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name);
const byName = (entries: readonly Entry[]): Details => new Map(entries.map(({ name, detail }) => [name, detail]));
