/** Refuses to switch where our own sessions are not what they should be, and cannot be made so. */
import { SwitchFailed } from '../config/errors.ts';
import type { Reader } from '../ports/database.ts';
import { type SessionRole, sessionRole } from '../postgres/session-role.sql.ts';

import type { Connections } from './connections.ts';

/** Triggers and rules fire as for everybody, and foreign keys are checked. */
const ORDINARY = 'origin';

export const firesTriggers = ({ value }: SessionRole): boolean => value === ORDINARY;

export async function sessionRoleOn(reader: Pick<Reader, 'query'>): Promise<SessionRole> {
  const [found] = await reader.query(sessionRole());
  if (!found) throw new Error('the server does not show session_replication_role');
  return found;
}

/** @throws SwitchFailed before anything is fenced */
export async function demandOrdinarySessions(line: Pick<Connections, 'from' | 'to'>): Promise<void> {
  const found = await Promise.all([line.from, line.to].map(sessionRoleOn));
  const wrong = found.find((seen) => !firesTriggers(seen));
  if (!wrong) return;
  throw new SwitchFailed(
    `Our sessions have session_replication_role = ${wrong.value}, which we may not change, so nothing was fenced and the application is not ` +
      `affected. Take the setting away as a superuser, then start again. ${wrong.remedies.join(' ')}`.trim(),
  );
}
