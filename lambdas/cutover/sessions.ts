/** Whose sessions the fence ends, and whom it cannot shut out. */
import { type Finding, listed } from '../readiness/findings.ts';
import { type ClientSessions, clientSessions } from '../sql/switch-sessions.ts';
import type { SwitchCheck } from './scene.ts';

const describe = ({ role, application, count }: ClientSessions): string => `${role} (${application || 'unnamed'}): ${count}`;

/** Sessions by role, however many applications they name. */
function byRole(all: readonly ClientSessions[]): string[] {
  const counts = new Map<string, number>();
  for (const { role, count } of all) counts.set(role, (counts.get(role) ?? 0) + count);
  return [...counts].map(([role, count]) => `${role}: ${count}`);
}

export const sessions: SwitchCheck = {
  name: 'sessions of others',
  async find({ leaving }) {
    const all = await leaving.reader.query(clientSessions());
    const findings: Finding[] = [
      ...listed({
        code: 'SessionsWillEnd',
        severity: 'warning',
        objects: byRole(all.filter(({ ends }) => ends)),
        message: `The fence ends these sessions on the ${leaving.name}.`,
        remedy: 'The application has to connect again by itself, reading its secret anew, and to repeat what was cut off.',
      }),
      ...listed({
        code: 'RoleNotShutOut',
        severity: 'warning',
        objects: all.filter(({ shutOut }) => !shutOut).map(describe),
        message:
          'These roles can connect while the fence is up, because they are superusers or share the rights of our own role. For them ' +
          'the fence is only a default, which a session that sets transactions to read write overrides.',
        remedy: 'See to it that nothing writes under these roles during the switch, or give it a role of its own.',
      }),
    ];
    return findings;
  },
};
