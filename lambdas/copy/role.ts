/**
 * The role that fills the target's tables. Code of users runs when a row is written (checks, domains, generated columns), so the session of a part logs
 * in as a role that is a member of nothing, and may read, fill and empty the tables of the copy and no other.
 */
import type { TableName } from '../config/input.ts';
import { copyRole } from '../config/names.ts';
import type { Database, Reader } from '../ports/database.ts';
import type { PartCopy } from '../ports/part-copy.ts';
import * as roles from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { grantForUserCode } from '../postgres/user-code-role.sql.ts';
import { removeUserCodeRole } from '../postgres/user-code-role.ts';
import { tablesClosedTo } from './tables.sql.ts';

/** One for each worker, and as many again that the server has not given up yet. */
const MOST_CONNECTIONS = 400;

export async function isCopyRoleThere(target: Reader): Promise<boolean> {
  const [role] = await target.query(roles.roleExists(copyRole(target.endpoint.database)));
  return role?.exists ?? false;
}

/** Makes the role, or gives it its password and its rights anew. */
export async function ensureCopyRole(target: Database, copy: PartCopy, tables: readonly TableName[]): Promise<void> {
  const { role } = copy;
  const verifier = scramVerifier(await copy.password());
  await target.transaction(async (session) => {
    await session.query(roles.lockRoles());
    const [known] = await session.query(roles.roleExists(role));
    await session.query(roles.asRoleMaker(role));
    for (const statement of known?.exists ? roles.setVerifier(role, verifier) : roles.createRole(role, verifier)) {
      await session.query(statement);
    }
    await session.query(roles.limitConnections(role, MOST_CONNECTIONS));
    await session.query(roles.allowBypass(role));
    await session.query(roles.asOurselves());
    await session.query(grantForUserCode(role, tables));
  });
}

/** Tables that it cannot fill, which are left to the subscription. */
export const closedToCopyRole = (target: Reader, role: string) => target.query(tablesClosedTo(role));

/** With whatever it was granted. Its sessions end first, and with them whatever they had begun. */
export const dropCopyRole = (target: Database): Promise<void> => removeUserCodeRole(target, copyRole(target.endpoint.database));
