/** Whether owners and grants are carried, or everything belongs to the role that makes the copy. */
import type { MigrationInput } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import { rightsOn } from '../postgres/rights.ts';
import { type CarriedRole, carriedRoles, carriedRolesExist } from '../state/carried-roles.sql.ts';

/** Before the schema is copied: it is wanted, and our role on the target may make roles. */
export async function willCarry(target: Reader, input: Pick<MigrationInput, 'roles'>): Promise<boolean> {
  return input.roles === 'carry' && mayMakeRoles(await rightsOn(target));
}

export const mayMakeRoles = ({
  superuser,
  reaches,
}: {
  readonly superuser: boolean;
  readonly reaches: { readonly createsRoles: boolean };
}): boolean => superuser || reaches.createsRoles;

/** Afterwards: the roles that were carried; undefined where everything belongs to our role. */
export async function rolesCarried(target: Reader): Promise<readonly CarriedRole[] | undefined> {
  const [there] = await target.query(carriedRolesExist());
  return there?.exists ? target.query(carriedRoles()) : undefined;
}
