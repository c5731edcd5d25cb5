/** The role that a trial logs in as, for as long as the trial runs. */
import { TransientError } from '../config/errors.ts';
import type { TableName } from '../config/input.ts';
import { trialRole } from '../config/names.ts';
import { newPassword } from '../config/secrets.ts';
import type { Database, LowLogin, LowSession, Reader } from '../ports/database.ts';
import { onceKnown } from '../postgres/known-login.ts';
import { dropRole, revokeAll } from '../postgres/role-artifacts.sql.ts';
import { asOurselves, asRoleMaker, createRole, limitConnections, lockRoles, roleExists } from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { endTrialSessions, grantForTrial, trialSessions } from './trial-role.sql.ts';

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
    await session.query(grantForTrial(role, tables));
  });
  return async () => {
    await endSessions(target, role);
    return onceKnown(() => login.open(role, password, limitMs));
  };
}

/** With whatever it was granted here. Its sessions end, and with them whatever they had begun. */
export async function removeTrialRole(target: Database): Promise<void> {
  if (!(await isTrialRoleThere(target))) return;
  const role = trialRole(target.endpoint.database);
  await endSessions(target, role);
  await target.transaction(async (session) => {
    await session.query(lockRoles());
    const [there] = await session.query(roleExists(role));
    if (!there?.exists) return;
    for (const revoke of revokeAll(role, { defaults: [] })) await session.query(revoke);
    await session.query(asRoleMaker(role));
    await session.query(dropRole(role));
  });
}

const PAUSE_MS = 50;
const LONGEST_END_MS = 20_000;

/** Locks of a session that we cannot reach any more are released only with it. */
async function endSessions(target: Database, role: string): Promise<void> {
  for (const until = Date.now() + LONGEST_END_MS; ; ) {
    const [sessions] = await target.query(trialSessions(role));
    if (!sessions || sessions.count === 0) return;
    await target.query(endTrialSessions(role));
    if (Date.now() > until)
      throw new TransientError(`Sessions of the role ${role} on the target do not end. What they hold is taken back when they do.`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
