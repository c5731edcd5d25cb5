/** From where things are to the ports that one step needs. Lambda and the rehearsal differ only in the {@link Bindings} they pass. */
import type { SideName } from '../config/side-name.ts';
import type { Bindings } from '../ports/bindings.ts';
import type { Ports, Views } from '../ports/ports.ts';
import type { ReplicationAccess, ReplicationLogin, Route } from '../ports/replication.ts';
import { pgDump } from './pg-dump/pg-dump.ts';
import { comparisonPort } from './postgres/comparison.ts';
import { databasePort } from './postgres/database.ts';
import type { WholeWords } from './postgres/database-errors.ts';
import { canLogIn } from './postgres/log-in.ts';
import { lowLoginPort } from './postgres/low-login.ts';
import { userAt } from './postgres/user-at.ts';
import { type ReachableServer, routeToTarget } from './postgres/way-back.ts';

export interface OpenPorts {
  readonly looking: Views;
  readonly acting: Ports;
  close(): Promise<void>;
}

/**
 * Nothing connects before it is used, so a step pays only for what it needs. A place that is absent leads to ports that are absent,
 * which nobody misses: the compiler lets a step reach only what its `needs` name, and whoever gathers the places goes by the same list.
 * @param log hears what a server said where an error leaves it out. @default - nobody
 */
export function openPorts(step: string, places: Partial<Bindings>, log?: WholeWords): OpenPorts {
  const source = places.source && databasePort(places.source, step, log, 'source');
  const target = places.target && databasePort(places.target, step, log, 'target');
  const { replication: login } = places;
  const at = (side: SideName) => {
    const [settings, port] = [places[side], { source, target }[side]];
    return settings && port && { settings, looking: port.looking, offersChannelBinding: () => port.offersChannelBinding() };
  };
  const wayBack = async (libpq: number): Promise<Route> => {
    const publisher = at('target');
    if (!publisher) throw new Error(`${step} asks for the way back without needing the target.`);
    return routeToTarget(libpq, publisher, places.wayBack);
  };
  const [atSource, atTarget] = [at('source'), at('target')];
  const comparison = login && atSource && atTarget && comparisonPort(login, { source: atSource, target: atTarget }, step, log);
  const others = {
    cluster: places.cluster,
    clusterSetup: places.cluster,
    clusterRestore: places.cluster,
    clusterReboot: places.cluster,
    clusterAccess: places.cluster,
    executions: places.executions,
    replication: login && replicationAccess(login, step, at, wayBack, log),
    wayBack: { route: wayBack },
    comparison: comparison?.readers,
    lowLogin: atTarget && lowLoginPort(atTarget, step, log),
    replicationSecret: places.replicationSecret,
    schemaDump: places.source && pgDump(places.source, step, undefined, log),
    application: places.application,
    applicationView: places.application,
    applicationOriginal: places.application,
    hook: places.hook,
    functions: places.functions,
  };
  return {
    looking: { ...others, source: source?.looking, target: target?.looking } satisfies Record<keyof Views, unknown> as Views,
    acting: { ...others, source: source?.acting, target: target?.acting } satisfies Record<keyof Ports, unknown> as Ports,
    close: async () => {
      await Promise.all([source?.close(), target?.close(), comparison?.close()]);
    },
  };
}

/** @param at where the login is tried, as we reach it; the login's own address is the one that the target uses */
function replicationAccess(
  login: ReplicationLogin,
  step: string,
  at: (side: SideName) => ReachableServer | undefined,
  wayBack: (libpq: number) => Promise<Route>,
  log?: WholeWords,
): ReplicationAccess {
  return {
    user: login.user,
    password: (side) => login.password(side),
    host: login.host,
    port: login.port,
    sslmode: login.sslmode,
    async works(side = 'source') {
      const place = at(side);
      if (!place) throw new Error(`${step} tries the replication login without needing the ${side}.`);
      const currentLogin = async () => ({ user: await userAt(login.user, place), password: await login.password(side) });
      return canLogIn({ ...place.settings, ...(await currentLogin()), currentLogin }, step, log);
    },
    async route(publisher, libpq) {
      if (publisher === 'target') return wayBack(libpq);
      const { user, host, port, sslmode } = login;
      return { user, host, port, sslmode, channelBinding: true };
    },
  };
}
