/** Consents that the operator has to give explicitly before a switch. */
import { CUTOVER } from '../../config/direction.ts';
import { knowsPublisher, whyUnknown } from '../../replication/connection.ts';
import { blocker } from '../finding.ts';
import { cannotVerify } from '../readiness/way-back.ts';
import type { SwitchCheck } from './context.ts';

/** Modes of sslmode that the deployment weakens by its own setting, so that no consent is asked for. */
const WEAKENED = new Set(['disable', 'prefer']);

export const unverifiedWayBack: SwitchCheck = {
  name: 'consent to an unverified stream back',
  async find({ direction, from, replication, input }) {
    if (direction !== CUTOVER || !input.reverse) return [];
    const route = await replication.route('target', from.version);
    const unverified = !WEAKENED.has(route.sslmode) && !knowsPublisher(route, from.version);
    return [
      ...blocker({
        code: 'WayBackNotVerified',
        objects: unverified && input.reverse === 'unsaid' ? [`source: PostgreSQL ${from.version}`] : [],
        message:
          `The stream back would be encrypted, but ${whyUnknown(route, from.version)}. An attacker between source and target could pose as ` +
          'the target and feed changes into the source.',
        remedy:
          'Say what you want, and start again: {"reverse": true} consents to that, {"reverse": false} goes without a way back that keeps what ' +
          'is written after the switch.',
      }),
      ...cannotVerify(route, from.version, 'blocker'),
    ];
  },
};
