/** The role that a trial logs in as, for as long as the trial runs. */
import type { TableName } from '../config/input.ts';
import { trialRole } from '../config/names.ts';
import { newPassword } from '../config/secrets.ts';
import type { Database, LowLogin, LowSession, Reader } from '../ports/database.ts';
import { onceKnown } from '../postgres/known-login.ts';
import { asOurselves, asRoleMaker, createRole, limitConnections, lockRoles, roleExists } from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { grantForUserCode } from '../postgres/user-code-role.sql.ts';
import { endSessionsOf, removeUserCodeRole } from '../postgres/user-code-role.ts';

/** One, and one that its server has not given up yet. */
const MOST_CONNECTIONS = 3;

export async function isTrialRoleThere(target: Reader): Promise<boolean> {
  const [role] = await target.query(roleExists(trialRole(target.endpoint.database)));
  return role?.exists ?? false;
}

/** Anew, with a password that is kept nowhere. @returns how to open a session as the role */
export async function makeTrialRole(
  target: Database,
  login: LowLogin,
  tables: readonly TableName[],
  limitMs: number,
): Promise<() => Promise<LowSession>> {
  const role = trialRole(target.endpoint.database);
  const password = newPassword();
  await removeTrialRole(target);
  await target.transaction(async (session) => {
    await session.query(lockRoles());
    await session.query(asRoleMaker(role));
    for (const statement of createRole(role, scramVerifier(password))) await session.query(statement);
    await session.query(limitConnections(role, MOST_CONNECTIONS));
    await session.query(asOurselves());
    await session.query(grantForUserCode(role, tables));
  });
  return async () => {
    await endSessionsOf(target, role);
    return onceKnown(() => login.open(role, password, limitMs));
  };
}

/** With whatever it was granted here. Its sessions end, and with them whatever they had begun. */
export const removeTrialRole = (target: Database): Promise<void> => removeUserCodeRole(target, trialRole(target.endpoint.database));
