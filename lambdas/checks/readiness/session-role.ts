/** session_replication_role: the one setting of our sessions that we need and may not pin. */
import type { SideName } from '../../config/side-name.ts';
import type { Reader } from '../../ports/database.ts';
import { firesTriggers, sessionRoleOn } from '../../switch/sessions.ts';
import { blocker, type Finding } from '../finding.ts';
import { onBothSides } from '../known.ts';
import type { ReadinessCheck } from './context.ts';

export async function sessionRoleFindings(sides: Readonly<Record<SideName, Reader>>): Promise<readonly Finding[]> {
  const { found, passedOver } = await onBothSides(sides, async (reader) => {
    const seen = await sessionRoleOn(reader);
    return firesTriggers(seen) ? [] : [seen];
  });
  const findings = blocker({
    code: 'SessionReplicationRole',
    objects: found.map(({ side, value }) => `${side}: ${value}`),
    message:
      'Our sessions begin with session_replication_role set, so triggers, rules and foreign keys would be passed over in whatever they do. Only a ' +
      'superuser may set it back.',
    remedy:
      'Remove the setting, as a role that may set it: from the role, from the database, or from the parameter group where neither has it.',
    statements: found.flatMap(({ remedies }) => remedies),
  });
  return [...findings, ...passedOver];
}

export const sessionReplicationRole: ReadinessCheck = {
  name: 'session_replication_role of our sessions',
  find: sessionRoleFindings,
};
