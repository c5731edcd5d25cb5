/**
 * The replication role on the target, which there reads for comparisons and nothing else, until a switch lets it stream as well. It reads
 * the published tables, which other roles may own: so it must have no rights beyond that.
 */
import type { TableName } from '../config/input.ts';
import { keyOf } from '../config/tables.ts';
import type { Database, Reader } from '../ports/database.ts';
import type { ReplicationAccess } from '../ports/replication.ts';
import { besideOtherMigrations } from '../postgres/role-race.ts';
import * as roles from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { type PublishedTable, publishedTables } from '../postgres/tables.sql.ts';

export interface TargetReader {
  readonly role: roles.RoleState;
  readonly grantor: roles.GrantorState;
  readonly passwordWorks: boolean;
  readonly tables: readonly PublishedTable[];
}

/** A comparison has one connection at a time, a stream back one more; the rest allows for connections that hang. */
const MOST_CONNECTIONS = 10;

/** @param published what the source publishes */
export async function lookAtTargetReader(
  target: Reader,
  replication: ReplicationAccess,
  published: readonly TableName[],
): Promise<TargetReader> {
  const wanted = new Set(published.map(keyOf));
  const there = await target.query(publishedTables({ excludeSchemas: [], excludeTables: [] }));
  const tables = there.filter((table) => wanted.has(keyOf(table)));
  const [role] = await target.query(roles.roleState(replication.user, tables, true));
  const [grantor] = await target.query(roles.grantorState());
  if (!role || !grantor) throw new Error('A catalog query without a from-list always returns a row.');
  return { role, grantor, tables, passwordWorks: role.exists && (await replication.works('target')) };
}

export const isTargetReaderComplete = ({ role, grantor, passwordWorks }: TargetReader): boolean =>
  passwordWorks &&
  role.mayConnect &&
  (role.bypassesRowSecurity || !grantor.mayHaveBypassGranted) &&
  [role.unusableSchemas, role.unreadableTables, role.closedDefaults].every((missing) => missing.length === 0);

export async function ensureTargetReader(target: Database, replication: ReplicationAccess, published: readonly TableName[]): Promise<void> {
  const { user } = replication;
  const before = await lookAtTargetReader(target, replication, published);
  if (isTargetReaderComplete(before)) return;
  const verifier = scramVerifier(await replication.password('target'));
  const making = target.transaction(async (session) => {
    await session.query(roles.lockRoles());
    const [known] = await session.query(roles.roleState(user, before.tables, true));
    await session.query(roles.asRoleMaker(user));
    if (!known?.exists) {
      for (const statement of roles.createRole(user, verifier)) await session.query(statement);
      await session.query(roles.limitConnections(user, MOST_CONNECTIONS));
    } else if (!before.passwordWorks) {
      for (const statement of roles.setVerifier(user, verifier)) await session.query(statement);
    }
    if (!known?.bypassesRowSecurity) await session.query(roles.allowBypass(user));
    await session.query(roles.asOurselves());
    const [role] = await session.query(roles.roleState(user, before.tables, true));
    if (!role) return;
    // A role that exists and yet cannot log in may lack nothing but the right to connect.
    if (!role.mayConnect || (known?.exists && !before.passwordWorks))
      await session.query(roles.grantConnect(user, target.endpoint.database));
    if (role.unusableSchemas.length > 0) await session.query(roles.grantUsage(user, role.unusableSchemas));
    if (role.unreadableTables.length > 0) await session.query(roles.grantSelect(user, role.unreadableTables));
    for (const closed of role.closedDefaults) await session.query(roles.grantSelectOnFuture(user, closed));
  });
  await besideOtherMigrations(making);
}
