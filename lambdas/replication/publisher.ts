/** What the side that is arrived at needs before it can send its changes back: a login for the stream, and a publication. */
import { VerificationError } from '../config/errors.ts';
import { missingFrom } from '../config/tables.ts';
import type { Database, Session } from '../ports/database.ts';
import type { ReplicationLogin } from '../ports/replication.ts';
import { besideOtherMigrations } from '../postgres/role-race.ts';
import * as roles from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { streamSettings } from '../postgres/session-pins.sql.ts';
import { createPublication, lockPublication, type PublicationList, publicationList, setPublishedTables } from './publications.sql.ts';

/**
 * The same name as on the source, so that PlanetScale's own login never stands in the source's catalog, and a password of its own. It reads
 * no table: a stream without a copy needs nothing but the attribute.
 */
export async function ensureReplicationRole(
  target: Database,
  { user, password }: Pick<ReplicationLogin, 'user' | 'password'>,
): Promise<void> {
  const verifier = scramVerifier(await password('target'));
  const settings = streamSettings(await target.version());
  await besideOtherMigrations(
    target.transaction((session) => makeReplicationRole(session, { user, verifier, settings, database: target.endpoint.database })),
  );
}

/** What the role is to be. */
export interface StreamRole {
  readonly user: string;
  readonly verifier: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly database: string;
}

/** In a transaction. */
export async function makeReplicationRole(
  session: Pick<Session, 'query'>,
  { user, verifier, settings, database }: StreamRole,
): Promise<void> {
  await session.query(roles.lockRoles());
  const [role] = await session.query(roles.roleExists(user));
  await session.query(roles.asRoleMaker(user));
  for (const statement of role?.exists ? roles.setVerifier(user, verifier) : roles.createRole(user, verifier))
    await session.query(statement);
  const [grantor] = await session.query(roles.grantorState());
  await session.query(roles.allowReplication(user, grantor?.hasRdsReplication ?? false));
  for (const [name, value] of Object.entries(settings)) await session.query(roles.setForStream(user, database, name, value));
  await session.query(roles.asOurselves());
  await session.query(roles.grantConnect(user, database));
}

/** The tables that travel now will travel back. */
export async function ensurePublication(from: Database, to: Database): Promise<PublicationList> {
  const [current] = await from.query(publicationList());
  if (!current) throw new VerificationError('The side that serves has no publication. Nothing was changed. Start Replicate again.');
  return to.transaction(async (session) => {
    await session.query(lockPublication());
    const [there] = await session.query(publicationList());
    const differs = missingFrom(there?.tables ?? [], current.tables).length + missingFrom(current.tables, there?.tables ?? []).length > 0;
    if (!there) await session.query(createPublication(current.tables));
    else if (differs) await session.query(setPublishedTables(current.tables));
    const [publication] = await session.query(publicationList());
    if (!publication) throw new VerificationError('A publication that was just made is not there. Start the machine again.');
    return publication;
  });
}
