/** A switch must not run in sessions in which triggers do not fire; see `demandOrdinarySessions` in `switch/sessions.ts`. */
import { sessionRoleFindings } from '../readiness/session-role.ts';
import type { SwitchCheck } from './context.ts';

export const sessionReplicationRole: SwitchCheck = {
  name: 'session_replication_role of our sessions',
  find: sessionRoleFindings,
};
