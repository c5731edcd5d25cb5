/** How the source reaches the target for the stream back: as strictly as the target allows, and as the source's libpq knows how to. */
import { REPLICATION_ROLE } from '../../config/names.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { Route, Sslmode, WayBackSettings } from '../../ports/replication.ts';
import { SYSTEM_ROOTS_SINCE } from '../../replication/connection.ts';
import { type NamesItself, userAt } from './user-at.ts';

/** The target, as we reach it ourselves. */
export interface ReachableServer extends NamesItself {
  readonly settings: ConnectionSettings;
  /** Whether we were offered SCRAM with channel binding. */
  offersChannelBinding(): Promise<boolean>;
}

export async function routeToTarget(libpq: number, target: ReachableServer, wanted: WayBackSettings = {}): Promise<Route> {
  const { settings } = target;
  return {
    user: await userAt(REPLICATION_ROLE, target),
    host: wanted.host ?? settings.host,
    port: wanted.port ?? settings.port,
    sslmode: wanted.sslmode ?? strictest(libpq, settings, wanted),
    channelBinding: await target.offersChannelBinding(),
  };
}

/** What we verified against public authorities the source can verify as well, where its libpq finds those of its system. */
function strictest(libpq: number, { tls }: ConnectionSettings, { knowsAuthority }: WayBackSettings): Sslmode {
  if (tls.verify === 'off') return 'disable';
  return libpq >= SYSTEM_ROOTS_SINCE && (knowsAuthority ?? tls.authorities === 'system') ? 'verify-full' : 'require';
}
