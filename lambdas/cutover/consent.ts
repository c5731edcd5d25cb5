/** What a person has to have said in so many words before a switch is made. */
import { listed } from '../readiness/findings.ts';
import { knowsPublisher } from '../replication/connection.ts';
import { OVER } from '../switch/direction.ts';
import type { SwitchCheck } from './scene.ts';

/** Of what the deployment weakens itself there is nothing more to be asked. */
const WEAKENED = new Set(['disable', 'prefer']);

export const unverifiedWayBack: SwitchCheck = {
  name: 'consent to an unverified stream back',
  async find({ direction, leaving, replication, input }) {
    const unverified = direction === OVER && !WEAKENED.has(replication.sslmode) && !knowsPublisher(replication.sslmode, leaving.version);
    return listed({
      code: 'WayBackNotVerified',
      severity: 'blocker',
      objects: unverified && input.reverse === 'unsaid' ? [`source: PostgreSQL ${leaving.version}`] : [],
      message:
        `The stream back would be encrypted, but a server of version ${leaving.version} cannot tell to whom it speaks (libpq knows no channel ` +
        'binding before 13, and has no authorities to verify a certificate against): whoever sits between source and target could pose as the ' +
        'target and feed changes into the source.',
      remedy:
        'Say what you want, and start again: {"reverse": true} consents to that, {"reverse": false} goes without a way back that keeps what is ' +
        'written after the switch.',
    });
  },
};
