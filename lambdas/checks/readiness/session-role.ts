/** session_replication_role: the one setting of our sessions that we need and may not pin. */
import type { SideName } from '../../config/side-name.ts';
import type { Reader } from '../../ports/database.ts';
import { firesTriggers, sessionRoleOn } from '../../switch/sessions.ts';
import { blocker, type Finding } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export async function sessionRoleFindings(sides: Readonly<Record<SideName, Reader>>): Promise<readonly Finding[]> {
  const found: { readonly object: string; readonly remedies: readonly string[] }[] = [];
  for (const side of ['source', 'target'] as const) {
    const seen = await sessionRoleOn(sides[side]);
    if (!firesTriggers(seen)) found.push({ object: `${side}: ${seen.value}`, remedies: seen.remedies });
  }
  return blocker({
    code: 'SessionReplicationRole',
    objects: found.map(({ object }) => object),
    message:
      'Our sessions begin with session_replication_role set, so triggers, rules and foreign keys would be passed over in whatever they do. Only a ' +
      'superuser may set it back.',
    remedy:
      'Remove the setting, as a role that may set it: from the role, from the database, or from the parameter group where neither has it.',
    statements: found.flatMap(({ remedies }) => remedies),
  });
}

export const sessionReplicationRole: ReadinessCheck = {
  name: 'session_replication_role of our sessions',
  find: sessionRoleFindings,
};
