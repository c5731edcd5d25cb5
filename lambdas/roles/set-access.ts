/** Owners and grants of objects of the target, brought from what they are to what they are to be. */
import type { Session } from '../ports/database.ts';
import type { ObjectAccess } from './access.sql.ts';
import { type AccessWanted, lookAtAccess, stateOf } from './access-state.ts';
import type { Attempts } from './attempts.ts';
import { setDefaultPrivileges } from './set-default-privileges.ts';
import { setGrants } from './set-grants.ts';
import { setOwners } from './set-owners.ts';

export interface AccessSet {
  /** Objects that are not there. */
  readonly absent: readonly ObjectAccess[];
  /** Statements that take back what was changed on objects that were there before. */
  readonly undo: readonly string[];
}

/**
 * In a transaction, as our role, which may act for every owner (`joinRoles`). What a managed target refuses is kept by `attempts`.
 * @throws SchemaCopyFailed where a table, a function or the like cannot be given to its owner
 */
export async function setAccess(session: Pick<Session, 'query' | 'script'>, attempts: Attempts, wanted: AccessWanted): Promise<AccessSet> {
  const before = await lookAtAccess(session);
  const isDefaults = ({ kind }: ObjectAccess): boolean => kind === 'default privileges';
  const objects = wanted.objects.filter((one) => !isDefaults(one));
  const isThere = (one: ObjectAccess): boolean => stateOf(one, before) !== undefined;
  const present = objects.filter(isThere);
  const absent = objects.filter((one) => !isThere(one) && (one.ownable || one.granted.length > 0));
  const isWrapper = ({ kind }: ObjectAccess): boolean => kind === 'foreign-data wrapper'; // the owner of a server has to have USAGE of it
  const undo = await setGrants(session, attempts, present.filter(isWrapper), before, wanted);
  await setOwners(session, attempts, present, before, wanted);
  const rest = present.filter((one) => !isWrapper(one));
  undo.push(...(await setGrants(session, attempts, rest, await lookAtAccess(session), wanted, before)));
  undo.push(...(await setDefaultPrivileges(session, attempts, wanted.objects.filter(isDefaults), before, wanted)));
  return { absent, undo };
}
