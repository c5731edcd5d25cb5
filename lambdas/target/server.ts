/** What the target's server says of itself: settings in force, and what is used of them. */
import { copyRole } from '../config/names.ts';
import { type SessionRoom, sessionRoom } from '../copy/session-room.sql.ts';
import type { Reader } from '../ports/database.ts';
import { type Disturbed, disturbedBy } from './serves.ts';
import { KINDS } from './settings.ts';
import { otherDatabases, otherSubscriptions, type ReplicationUse, replicationUse, settings, workersOfExtensions } from './work.sql.ts';
import type { Work } from './work.ts';

/** What others than this migration use on the server. */
export interface ServerUse extends ReplicationUse {
  readonly subscriptions: number;
  /** Worker processes of extensions. */
  readonly workers: number;
  /** Bytes of other databases. */
  readonly otherBytes: number;
  readonly sessions: SessionRoom | undefined;
}

export interface TargetServer {
  /** Major version. */
  readonly version: number;
  /** By name, as pg_settings has them. */
  readonly settings: ReadonlyMap<string, string>;
  readonly use: ServerUse;
  /** What a restart would disturb. */
  readonly disturbed: Disturbed;
}

export async function serverOf(target: Reader, source: Reader, work: Work): Promise<TargetServer> {
  const [use] = await target.query(replicationUse(work.reverse));
  const [subscriptions] = await target.query(otherSubscriptions(work.forward));
  const [workers] = await target.query(workersOfExtensions());
  const [others] = await target.query(otherDatabases());
  const [sessions] = await target.query(sessionRoom(copyRole(target.endpoint.database)));
  return {
    version: await target.version(),
    settings: new Map((await target.query(settings(Object.keys(KINDS)))).map(({ name, value }) => [name, value])),
    use: {
      slots: use?.slots ?? 0,
      senders: use?.senders ?? 0,
      subscriptions: subscriptions?.count ?? 0,
      workers: workers?.count ?? 0,
      otherBytes: others?.bytes ?? 0,
      sessions,
    },
    disturbed: await disturbedBy(target, source),
  };
}
