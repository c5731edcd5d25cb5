/** Refuses to switch where our own sessions are not what they should be, and cannot be made so. */
import { SwitchFailed } from '../errors.ts';
import { firesTriggers, sessionRoleOn } from '../readiness/session-role.ts';
import type { Line } from './line.ts';

/** @throws SwitchFailed before anything is fenced */
export async function demandOrdinarySessions(line: Pick<Line, 'leaving' | 'arriving'>): Promise<void> {
  const found = await Promise.all([line.leaving, line.arriving].map(sessionRoleOn));
  const wrong = found.find((seen) => !firesTriggers(seen));
  if (!wrong) return;
  throw new SwitchFailed(
    `Our sessions have session_replication_role = ${wrong.value}, which we may not change, so nothing was fenced and the application is not ` +
      `affected. Take the setting away as a superuser, then start again. ${wrong.remedies.join(' ')}`.trim(),
  );
}
