/** A world after `Replicate`, in which everything that a function says to a server passes through a proxy, and an application writes. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Json } from '../../lambdas/config/json.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { MachineName } from '../../lambdas/engine/machines.ts';
import { noHook } from '../../lambdas/ports/application.ts';
import type { Bindings } from '../../lambdas/ports/bindings.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { ADMIN_SHUTDOWN } from '../../lambdas/postgres/sqlstates.ts';
import { letApplicationIn } from '../../rehearsal/application/rights.ts';
import { type RehearsedSecret, rehearsedSecret } from '../../rehearsal/application/secret.ts';
import { unmanagedCluster } from '../../rehearsal/aurora-stand-in.ts';
import { type Execution, type ExecutionOptions, type Outcome, startExecution } from '../../rehearsal/machines/execution.ts';
import { recoveryAfter } from '../../rehearsal/machines/recovery.ts';
import { ExecutionRegistry } from '../../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../../rehearsal/machines/synthesize.ts';
import { APPLICATION_ROLE, applicationLogin } from '../../rehearsal/servers/pair.ts';
import { createOwnTables } from '../../rehearsal/workload/own-subjects.ts';
import { WireProxy } from './proxy.ts';
import { QUICK } from './rehearsal.ts';
import { INSIST } from './straggler.ts';
import { type Sql, sqlOn, startWorld, type World } from './world.ts';

export const SIDES: readonly SideName[] = ['source', 'target'];
export const otherSide = (side: SideName): SideName => (side === 'source' ? 'target' : 'source');

/** The edge offers no channel binding, so the source does not know to whom it streams back. */
export const consentTo = (machine: MachineName): Readonly<Record<string, Json>> => (machine === 'Cutover' ? { reverse: true } : {});

/** An execution whose end the rule watches. */
export interface Started extends Execution {
  readonly name: string;
  /** What the rule has started because of it: at once where it is aborted, though its function goes on. */
  readonly recoveries: readonly Promise<Outcome>[];
}

/** How an execution ended, and those that the rule started because of it. */
export interface Played {
  readonly outcome: Outcome;
  readonly recoveries: readonly Outcome[];
}

export interface SwitchWorld {
  readonly world: World;
  /** Between the functions and each server. The servers' own connections to each other do not pass here. */
  readonly proxies: Readonly<Record<SideName, WireProxy>>;
  /** What the application logs in with, past the proxies. */
  readonly logins: Readonly<Record<SideName, ConnectionSettings>>;
  readonly secret: RehearsedSecret;
  /** As the superuser, who writes whatever the database has by default. */
  readonly sql: Readonly<Record<SideName, Sql>>;
  start(machine: MachineName, input?: Readonly<Record<string, Json>>, options?: Partial<ExecutionOptions>): Started;
  /** To the end, with what the rule on ABORTED, FAILED and TIMED_OUT of `Cutover` and `Rollback` does then. */
  play(started: Started): Promise<Played>;
}

export interface SwitchServers {
  /** A replicated world of its own, on these servers. */
  world(): Promise<SwitchWorld>;
  destroy(): Promise<void>;
}

/** A fence ends this session too, should it meet one; a statement that was ended has done nothing, and is run again. */
function insisting(settings: ConnectionSettings): Sql {
  const sql = sqlOn(settings, { options: INSIST });
  return async (text, values) => {
    for (;;) {
      try {
        return await sql(text, values);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError) || error.code !== ADMIN_SHUTDOWN) throw error;
      }
    }
  };
}

/** One pair of servers for worlds one after another. */
export async function startSwitchServers(): Promise<SwitchServers> {
  const machines = synthesizeMachines();
  const schema = createOwnTables()
    .map(({ text }) => text)
    .join(';\n');
  const base = await startWorld({
    schema,
    cluster: unmanagedCluster,
    sourceParameters: { wal_retrieve_retry_interval: '200ms' }, // the source subscribes too
    targetParameters: { sync_replication_slots: 'on', hot_standby_feedback: 'on' }, // as a person sets them for the way back
  });
  const proxies = { source: await WireProxy.start(base.database.source), target: await WireProxy.start(base.database.target) };
  let worlds = 0;
  return {
    async world() {
      worlds += 1;
      return replicated(await base.sibling(`Shop "${worlds}"`), proxies, machines);
    },
    async destroy() {
      await Promise.all(SIDES.map((side) => proxies[side].close()));
      await base.destroy();
    },
  };
}

async function replicated(
  world: World,
  proxies: SwitchWorld['proxies'],
  machines: ReturnType<typeof synthesizeMachines>,
): Promise<SwitchWorld> {
  const { pair, database } = world;
  const logins = { source: applicationLogin(pair.source, database.name), target: applicationLogin(pair.edge, database.name) };
  const secret = rehearsedSecret(logins);
  const registry = new ExecutionRegistry();
  const places: Omit<Bindings, 'executions'> = {
    ...world.places,
    source: proxies.source.login(database.source),
    target: proxies.target.login(database.target),
    application: secret,
    hook: noHook,
    // The servers reach each other past the proxies, through which it is not visible how the edge is encrypted.
    wayBack: { host: database.target.host, port: database.target.port, sslmode: 'require' },
  };

  const start: SwitchWorld['start'] = (machine, input = {}, options = {}) => {
    const name = `${machine}-${randomBytes(4).toString('hex')}`;
    const execution = startExecution({ machine: machines[machine], name, input, registry, places, pace: QUICK, ...options });
    const recoveries: Promise<Outcome>[] = [];
    const rule = (status: Outcome['status']) => {
      const recovery = recoveryAfter({ name: machine, status, execution: name });
      if (recovery) recoveries.push(start('Recovery', recovery).ended);
    };
    const ended = execution.ended.then((outcome) => {
      if (outcome.status === 'FAILED') rule(outcome.status);
      return outcome;
    });
    const abort = () => {
      execution.abort();
      rule('ABORTED');
    };
    return { name, recoveries, ended, abort };
  };

  await letApplicationIn(database.source, APPLICATION_ROLE);
  const { status, failure } = await start('Replicate').ended;
  if (status !== 'SUCCEEDED') throw new Error(`Replicate ended ${status}: ${JSON.stringify(failure)}`);
  await letApplicationIn(database.target, APPLICATION_ROLE);
  const play: SwitchWorld['play'] = async (started) => ({
    outcome: await started.ended,
    recoveries: await Promise.all(started.recoveries),
  });
  const sql = { source: insisting(pair.source.superuser(database.name)), target: insisting(pair.target.superuser(database.name)) };
  return { world, proxies, logins, secret, sql, start, play };
}
