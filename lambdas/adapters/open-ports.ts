/** Bindings → the ports that one step needs. Lambda and the rehearsal differ only in the {@link Bindings} they pass. */
import { TargetNotKnown } from '../config/errors.ts';
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
import { unknownTarget } from './unknown-target.ts';

export interface OpenPorts {
  readonly looking: Views;
  readonly acting: Ports;
  close(): Promise<void>;
}

/**
 * Connections are opened at first use, so a step opens only those that it needs. Ports without a binding are undefined, which no step
 * notices: the compiler lets a step use only the ports in its `needs`, and the bindings are resolved by the same list. Only the target may be missing
 * although it is needed, as long as its secret is empty: then everything that leads to it is there, and throws {@link TargetNotKnown} when it is used.
 * @param log gets what a server said where an error leaves it out. @default - none
 */
export function openPorts(step: string, bindings: Partial<Bindings>, log?: WholeWords): OpenPorts {
  const source = bindings.source && databasePort(bindings.source, step, log, 'source');
  const target = bindings.target && databasePort(bindings.target, step, log, 'target');
  const { replication: login, targetSecret } = bindings;
  const unknown = target || !targetSecret ? undefined : unknownTarget(targetSecret.name);
  /** @param purpose for a defect of ours: a step that does not need the target */
  const withoutTarget = (purpose: string): Error =>
    targetSecret ? new TargetNotKnown(targetSecret.name) : new Error(`${step} ${purpose} without needing the target.`);
  const at = (side: SideName) => {
    const [settings, port] = [bindings[side], { source, target }[side]];
    return settings && port && { settings, looking: port.looking, offersChannelBinding: () => port.offersChannelBinding() };
  };
  const wayBack = async (libpq: number): Promise<Route> => {
    const publisher = at('target');
    if (!publisher) throw withoutTarget('asks for the way back');
    return routeToTarget(libpq, publisher, bindings.wayBack);
  };
  const [atSource, atTarget] = [at('source'), at('target')];
  const comparison = login && atSource && atTarget && comparisonPort(login, { source: atSource, target: atTarget }, step, log);
  const application = bindings.application?.asking?.(madeUser(atTarget, withoutTarget)) ?? bindings.application;
  const others = {
    cluster: bindings.cluster,
    clusterSetup: bindings.cluster,
    clusterRestore: bindings.cluster,
    clusterReboot: bindings.cluster,
    clusterAccess: bindings.cluster,
    executions: bindings.executions,
    replication: login && replicationAccess(login, { step, at, wayBack, withoutTarget, log }),
    wayBack: { route: wayBack },
    comparison: comparison?.readers ?? (unknown && { source: unknown.database, target: unknown.database }),
    lowLogin: atTarget ? lowLoginPort(atTarget, step, log) : unknown?.lowLogin,
    partCopy: login && atSource && atTarget ? partCopyPort(login, { source: atSource, target: atTarget }, step, log) : unknown?.partCopy,
    replicationSecret: bindings.replicationSecret,
    schemaDump: bindings.source && pgDump(bindings.source, step, undefined, log),
    application,
    applicationView: application,
    applicationOriginal: application,
    applicationLogin:
      bindings.applicationLogin && madeLoginAccess(bindings.applicationLogin, { step, target: atTarget, withoutTarget, log }),
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
    looking: { ...others, source: source?.looking, target: target?.looking ?? unknown?.database } satisfies Record<
      keyof Views,
      unknown
    > as Views,
    acting: { ...others, source: source?.acting, target: target?.acting ?? unknown?.database } satisfies Record<
      keyof Ports,
      unknown
    > as Ports,
    close: async () => {
      await Promise.all([source?.close(), target?.close(), comparison?.close()]);
    },
  };
}

/** The error where something asks for a target that is not there. */
type WithoutTarget = (purpose: string) => Error;

/** Finds the user of the login that was made, as it logs in there. */
const madeUser =
  (target: NamesItself | undefined, withoutTarget: WithoutTarget): FindMadeUser =>
  async (users) => {
    if (!target) throw withoutTarget("asks for the application's login");
    const made = await loginMadeFor(target.looking, users);
    return made && userAt(made.role, target);
  };

interface Surroundings {
  readonly step: string;
  readonly withoutTarget: WithoutTarget;
  readonly log: WholeWords | undefined;
}

function madeLoginAccess(
  login: MadeLogin,
  { step, target, withoutTarget, log }: Surroundings & { readonly target: ReachableServer | undefined },
): MadeLoginAccess {
  return {
    password: () => login.password(),
    async works(role) {
      if (!target) throw withoutTarget("tries the application's login");
      return canLogIn(
        { ...target.settings, user: await userAt(role, target), password: await login.password(), currentLogin: undefined },
        step,
        log,
      );
    },
  };
}

interface Ways extends Surroundings {
  /** The server at which the login is tried, by our address; the login's own address is the one that the target uses. */
  at(side: SideName): ReachableServer | undefined;
  wayBack(libpq: number): Promise<Route>;
}

function replicationAccess(login: ReplicationLogin, { step, at, wayBack, withoutTarget, log }: Ways): ReplicationAccess {
  return {
    user: login.user,
    password: (side) => login.password(side),
    host: login.host,
    port: login.port,
    sslmode: login.sslmode,
    async works(side = 'source') {
      const server = at(side);
      if (!server && side === 'target') throw withoutTarget('tries the replication login');
      if (!server) throw new Error(`${step} tries the replication login without needing the source.`);
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
