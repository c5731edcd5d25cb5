/** What a later switch will ask. A person should know before the copy, not after weeks of it. */
import type { Route } from '../contract.ts';
import { isBeyond, knowsPublisher, whyUnknown } from '../replication/connection.ts';
import { type Check, type Finding, listed } from './findings.ts';

export const wayBack: Check = {
  name: 'the stream back to the source',
  async find({ sourceVersion, wayBack: way }) {
    const route = await way.route(sourceVersion);
    return [
      ...listed({
        code: 'WayBackNotVerified',
        severity: 'warning',
        objects: knowsPublisher(route, sourceVersion) ? [] : [`source: PostgreSQL ${sourceVersion}`],
        message: `The stream back after a switch is encrypted, but ${whyUnknown(route, sourceVersion)}.`,
        remedy:
          'Nothing has to be done now. Cutover wants the choice said: {"reverse": true} consents, {"reverse": false} goes without a way back. Or ' +
          `upgrade the cluster to ${route.channelBinding ? '13' : '16'} or newer first.`,
      }),
      ...cannotVerify(route, sourceVersion, 'warning'),
    ];
  },
};

/** The deployment asks more of the source's libpq than it knows. */
export const cannotVerify = (route: Route, sourceVersion: number, severity: Finding['severity']): readonly Finding[] =>
  listed({
    code: 'WayBackCannotVerify',
    severity,
    objects: isBeyond(route, sourceVersion) ? [`reverseSslmode: ${route.sslmode}`] : [],
    message: `A server of version ${sourceVersion} finds no authorities to verify the target's certificate against, so the stream back could not be made.`,
    remedy: 'Deploy with reverseSslmode=require, or without that setting; or switch with {"reverse": false}, without a way back.',
  });
