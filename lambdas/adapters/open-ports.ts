/** Bindings → the ports that one step needs. Lambda and the rehearsal differ only in the {@link Bindings} they pass. */
import type { SideName } from '../config/side-name.ts';
import type { FindMadeUser, MadeLogin, MadeLoginAccess } from '../ports/application.ts';
import type { Bindings } from '../ports/bindings.ts';
import type { Ports, Views } from '../ports/ports.ts';
import type { ReplicationAccess, ReplicationLogin, Route } from '../ports/replication.ts';
import { loginMadeFor } from '../state/application-login.ts';
import { pgDump } from './pg-dump/pg-dump.ts';
import { comparisonPort } from './postgres/comparison.ts';
import { databasePort } from './postgres/database.ts';
import type { WholeWords } from './postgres/database-errors.ts';
import { canLogIn } from './postgres/log-in.ts';
import { lowLoginPort } from './postgres/low-login.ts';
import { partCopyPort } from './postgres/part-copy.ts';
import { type NamesItself, userAt } from './postgres/user-at.ts';
import { type ReachableServer, routeToTarget } from './postgres/way-back.ts';

export interface OpenPorts {
  readonly looking: Views;
  readonly acting: Ports;
  close(): Promise<void>;
}

/**
 * Connections are opened at first use, so a step opens only those that it needs. Ports without a binding are undefined, which no step
 * notices: the compiler lets a step use only the ports in its `needs`, and the bindings are resolved by the same list.
 * @param log gets what a server said where an error leaves it out. @default - none
 */
export function openPorts(step: string, bindings: Partial<Bindings>, log?: WholeWords): OpenPorts {
  const source = bindings.source && databasePort(bindings.source, step, log, 'source');
  const target = bindings.target && databasePort(bindings.target, step, log, 'target');
  const { replication: login } = bindings;
  const at = (side: SideName) => {
    const [settings, port] = [bindings[side], { source, target }[side]];
    return settings && port && { settings, looking: port.looking, offersChannelBinding: () => port.offersChannelBinding() };
  };
  const wayBack = async (libpq: number): Promise<Route> => {
    const publisher = at('target');
    if (!publisher) throw new Error(`${step} asks for the way back without needing the target.`);
    return routeToTarget(libpq, publisher, bindings.wayBack);
  };
  const [atSource, atTarget] = [at('source'), at('target')];
  const comparison = login && atSource && atTarget && comparisonPort(login, { source: atSource, target: atTarget }, step, log);
  const application = bindings.application?.asking?.(madeUser(step, atTarget)) ?? bindings.application;
  const others = {
    cluster: bindings.cluster,
    clusterSetup: bindings.cluster,
    clusterRestore: bindings.cluster,
    clusterReboot: bindings.cluster,
    clusterAccess: bindings.cluster,
    executions: bindings.executions,
    replication: login && replicationAccess(login, step, at, wayBack, log),
    wayBack: { route: wayBack },
    comparison: comparison?.readers,
    lowLogin: atTarget && lowLoginPort(atTarget, step, log),
    partCopy: login && atSource && atTarget && partCopyPort(login, { source: atSource, target: atTarget }, step, log),
    replicationSecret: bindings.replicationSecret,
    schemaDump: bindings.source && pgDump(bindings.source, step, undefined, log),
    application,
    applicationView: application,
    applicationOriginal: application,
    applicationLogin: bindings.applicationLogin && madeLoginAccess(bindings.applicationLogin, step, atTarget, log),
    hook: bindings.hook,
    functions: bindings.functions,
    concurrency: bindings.concurrency,
    planetscale: bindings.planetscale,
    planetscaleSetup: bindings.planetscale,
    planetscaleRestore: bindings.planetscale,
    targetJournal: bindings.targetJournal,
    targetLogin: bindings.targetSecret,
    targetSecret: bindings.targetSecret,
  };
  return {
    looking: { ...others, source: source?.looking, target: target?.looking } satisfies Record<keyof Views, unknown> as Views,
    acting: { ...others, source: source?.acting, target: target?.acting } satisfies Record<keyof Ports, unknown> as Ports,
    close: async () => {
      await Promise.all([source?.close(), target?.close(), comparison?.close()]);
    },
  };
}

/** Finds the user of the login that was made, as it logs in there. */
const madeUser =
  (step: string, target: NamesItself | undefined): FindMadeUser =>
  async (users) => {
    if (!target) throw new Error(`${step} asks for the application's login without needing the target.`);
    const made = await loginMadeFor(target.looking, users);
    return made && userAt(made.role, target);
  };

function madeLoginAccess(login: MadeLogin, step: string, target: ReachableServer | undefined, log?: WholeWords): MadeLoginAccess {
  return {
    password: () => login.password(),
    async works(role) {
      if (!target) throw new Error(`${step} tries the application's login without needing the target.`);
      return canLogIn(
        { ...target.settings, user: await userAt(role, target), password: await login.password(), currentLogin: undefined },
        step,
        log,
      );
    },
  };
}

/** @param at the server at which the login is tried, by our address; the login's own address is the one that the target uses */
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
      const server = at(side);
      if (!server) throw new Error(`${step} tries the replication login without needing the ${side}.`);
      const currentLogin = async () => ({ user: await userAt(login.user, server), password: await login.password(side) });
      return canLogIn({ ...server.settings, ...(await currentLogin()), currentLogin }, step, log);
    },
    async route(publisher, libpq) {
      if (publisher === 'target') return wayBack(libpq);
      const { user, host, port, sslmode } = login;
      return { user, host, port, sslmode, channelBinding: true };
    },
  };
}
