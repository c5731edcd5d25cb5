/** What is carried to a target for good, taken out of the comparison of its catalogs: roles, their memberships, settings and rights on the database. */
import type { Catalogs, Entry } from './catalogs.ts';

/** Roles are made without login and attributes. */
const PLAIN = 'f/f/f/f/f/f/-1';
const WITH_LOGIN = 'f/f/f/f/f/t/-1';
/** The membership that CREATE ROLE leaves to the role that made another: ADMIN, without INHERIT and SET. */
const ADMIN_ONLY = 'tff by 1';

/**
 * The target's catalogs as they would be had nothing been carried. What was made and is not on the source, or is more than it is there, stays in.
 * @param login role of the source that has got a login, as SQL writes it
 */
export function withoutCarried(before: Catalogs, after: Catalogs, source: Catalogs, login?: string): Catalogs {
  const onSource = (subject: keyof Catalogs): ReadonlySet<string> => new Set((source[subject] ?? []).map(keyOf));
  const nameOn = (one: Catalogs, subject: keyof Catalogs): ReadonlySet<string> => new Set((one[subject] ?? []).map(({ name }) => name));
  const [rolesBefore, rolesOnSource] = [nameOn(before, 'roles'), nameOn(source, 'roles')];
  const made = (after.roles ?? []).filter(({ name }) => !rolesBefore.has(name) && rolesOnSource.has(name));
  const makersMay = new Set([...rolesBefore].flatMap((maker) => made.map(({ name }) => `${maker} in ${name}`)));
  const memberships = new Map((source.members ?? []).map(({ name, detail }) => [name, optionsOf(detail)]));
  const settings = onSource('settings');
  const isNew = (subject: keyof Catalogs) => {
    const names = nameOn(before, subject);
    return ({ name }: Entry): boolean => !names.has(name);
  };
  const without = (subject: keyof Catalogs, isCarried: (entry: Entry) => boolean): Partial<Catalogs> => {
    const fresh = isNew(subject);
    return { [subject]: (after[subject] ?? []).filter((entry) => !(fresh(entry) && isCarried(entry))) };
  };
  return {
    ...after,
    ...without('roles', ({ name, detail }) => rolesOnSource.has(name) && detail === (name === login ? WITH_LOGIN : PLAIN)),
    ...without('members', ({ name, detail }) =>
      makersMay.has(name) ? detail === ADMIN_ONLY : memberships.get(name) === optionsOf(detail),
    ),
    ...without('settings', (entry) => settings.has(keyOf(entry))),
    databaseRights: databaseRights(before.databaseRights ?? [], after.databaseRights ?? [], source.databaseRights ?? []),
  };
}

const keyOf = ({ name, detail }: Entry): string => JSON.stringify([name, detail]);
const optionsOf = (detail: string): string => detail.slice(0, 3);

const CONNECT_OF_PUBLIC = 'CONNECT of public';
/** Whoever granted it, which is the owner of the database on either side. */
const rightOf = ({ name }: Entry): string => name.slice(0, name.lastIndexOf(' on the database by '));

/** Given as on the source; and taken from PUBLIC as on the source, where those that could connect because of it keep that. */
function databaseRights(before: readonly Entry[], after: readonly Entry[], source: readonly Entry[]): Entry[] {
  const names = (entries: readonly Entry[]): Set<string> => new Set(entries.map(({ name }) => name));
  const given = new Set(source.map((entry) => keyOf({ ...entry, name: rightOf(entry) })));
  const rights = new Set(source.map(rightOf));
  const [had, has] = [names(before), names(after)];
  const keepsConnecting = !rights.has(CONNECT_OF_PUBLIC) && before.some((entry) => rightOf(entry) === CONNECT_OF_PUBLIC);
  const isCarried = (entry: Entry): boolean =>
    given.has(keyOf({ ...entry, name: rightOf(entry) })) || (keepsConnecting && rightOf(entry).startsWith('CONNECT of '));
  const isTaken = (entry: Entry): boolean => rightOf(entry).endsWith(' of public') && !rights.has(rightOf(entry));
  return [
    ...after.filter((entry) => had.has(entry.name) || !isCarried(entry)),
    ...before.filter((entry) => !has.has(entry.name) && isTaken(entry)),
  ];
}
