/** What a later switch will ask. A person should know before the copy, not after weeks of it. */
import { knowsPublisher } from '../replication/connection.ts';
import { type Check, listed } from './findings.ts';

export const wayBack: Check = {
  name: 'the stream back to the source',
  async find({ sourceVersion }) {
    return listed({
      code: 'WayBackNotVerified',
      severity: 'warning',
      objects: knowsPublisher('require', sourceVersion) ? [] : [`source: PostgreSQL ${sourceVersion}`],
      message:
        `After a switch a server of version ${sourceVersion} streams back over an encrypted connection without knowing to whom it speaks: its ` +
        'libpq has no channel binding.',
      remedy:
        'Nothing has to be done now. Cutover wants the choice said: {"reverse": true} consents, {"reverse": false} goes without a way back. Or ' +
        'upgrade the cluster to 13 or newer first.',
    });
  },
};
