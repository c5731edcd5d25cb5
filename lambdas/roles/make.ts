/** The carried roles on the target: made where they are not there, and memberships between them; and our own membership in some of them. */
import type { Session } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';
import { asMakerOf, asMakerText, lockRoles } from '../postgres/roles.sql.ts';
import type { Attempts } from './attempts.ts';
import type { Membership } from './role-graph.sql.ts';
import type { RoleMap } from './role-map.ts';
import { grantMembership, joinRole, makeRole, mayActFor, membershipsThere, revokeMembership } from './roles.sql.ts';
import { membershipOf } from './words.ts';

type Queries = Pick<Session, 'query'>;

/** Those that are not there; one that is, is used as it is. @returns the names of those that were made */
export async function makeRoles(session: Queries, { carried }: RoleMap): Promise<ReadonlySet<string>> {
  const missing = carried.filter(({ there }) => !there);
  await session.query(lockRoles());
  const [first] = missing;
  if (first) {
    const made = missing.map(({ name, inherits }) => makeRole(name, inherits));
    for (const one of asMakerOf(first.name, ...made)) await session.query(one);
  }
  return new Set(missing.map(({ name }) => name));
}

/** @returns statements that take back memberships in roles that are not ours to drop */
export async function makeMemberships(
  session: Queries,
  attempts: Attempts,
  { memberships }: RoleMap,
  made: ReadonlySet<string>,
): Promise<string[]> {
  const there = new Map((await session.query(membershipsThere())).map((one) => [key(one), one]));
  const undo: string[] = [];
  for (const membership of memberships) {
    const { role, member } = membership;
    if (isAsMuch(there.get(key(membership)), membership)) continue;
    const granted = await attempts.try(membershipOf(member, role), asMakerOf(role, statement(grantMembership(membership))));
    if (granted && !made.has(member) && !there.has(key(membership))) undo.push(asMakerText(role, revokeMembership(membership)));
  }
  return undo;
}

const key = ({ role, member }: Pick<Membership, 'role' | 'member'>): string => JSON.stringify([role, member]);
const isAsMuch = (is: Membership | undefined, wanted: Membership): boolean =>
  is !== undefined && (['admin', 'inherit', 'set'] as const).every((option) => is[option] || !wanted[option]);

/** Lets our role act for these. @returns those for which it could not before, which it has to leave again */
export async function joinRoles(session: Queries, names: readonly string[], ours: string): Promise<string[]> {
  const already = new Set((await session.query(mayActFor(names))).map(({ name }) => name));
  const joined = names.filter((name) => !already.has(name));
  for (const name of joined) {
    for (const one of asMakerOf(name, joinRole(name, ours))) await session.query(one);
  }
  return joined;
}
