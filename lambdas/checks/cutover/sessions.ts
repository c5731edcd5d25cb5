/** Sessions that the fence ends, and sessions that it cannot end. */
import { type Finding, warning } from '../finding.ts';
import type { SwitchCheck } from './context.ts';
import { type ClientSessions, clientSessions } from './switch-sessions.sql.ts';

const roleOf = ({ role }: ClientSessions): string => role ?? 'no role';
const describe = (one: ClientSessions): string => `${roleOf(one)} (${one.application || 'unnamed'}): ${one.count}`;

/** Sessions by role, with all application names together. */
function byRole(all: readonly ClientSessions[]): string[] {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(roleOf(one), (counts.get(roleOf(one)) ?? 0) + one.count);
  return [...counts].map(([role, count]) => `${role}: ${count}`);
}

export const sessions: SwitchCheck = {
  name: 'sessions of others',
  async find({ from, current, next }) {
    const all = await from.reader.query(clientSessions([current, next]));
    const findings: Finding[] = [
      ...warning({
        code: 'SessionsWillEnd',
        objects: byRole(all.filter(({ ends }) => ends)),
        message: `The fence ends these sessions on the ${from.name}, readers of slots and background workers included.`,
        remedy: 'The application has to connect again by itself, reading its secret anew, and to repeat what was cut off.',
      }),
      ...warning({
        code: 'SessionsWillStay',
        objects: all.filter(({ ends }) => !ends).map(describe),
        message:
          'These are superusers or no role at all, so the fence neither ends them nor keeps them out. For them it is only a default, which a ' +
          'session that sets transactions to read write overrides. One of them that has written and not committed yet stops the switch.',
        remedy: 'See to it that nothing writes under these roles during the switch. On Aurora and PlanetScale they belong to the platform.',
      }),
    ];
    return findings;
  },
};
