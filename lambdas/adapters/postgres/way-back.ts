/** The route from the source to the target for the reverse stream: as strict as the target allows and the source's libpq supports. */
import { REPLICATION_ROLE } from '../../config/names.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { Route, Sslmode, WayBackSettings } from '../../ports/replication.ts';
import { SYSTEM_ROOTS_SINCE } from '../../replication/connection.ts';
import { type NamesItself, userAt } from './user-at.ts';

/** The target, as we reach it ourselves. */
export interface ReachableServer extends NamesItself {
  readonly settings: ConnectionSettings;
  /** Whether the server offered SCRAM with channel binding. */
  offersChannelBinding(): Promise<boolean>;
}

export async function routeToTarget(libpq: number, target: ReachableServer, wanted: WayBackSettings = {}): Promise<Route> {
  const { settings } = target;
  return {
    user: await userAt(REPLICATION_ROLE, target),
    host: wanted.host ?? settings.publicHost ?? settings.host,
    port: wanted.port ?? settings.port,
    sslmode: wanted.sslmode ?? strictest(libpq, settings, wanted),
    channelBinding: await target.offersChannelBinding(),
  };
}

/** The strictest sslmode: the source can verify a certificate of a public authority too, where its libpq finds its system's authorities. */
function strictest(libpq: number, { tls }: ConnectionSettings, { knowsAuthority }: WayBackSettings): Sslmode {
  if (tls.verify === 'off') return 'disable';
  return libpq >= SYSTEM_ROOTS_SINCE && (knowsAuthority ?? tls.authorities === 'system') ? 'verify-full' : 'require';
}
