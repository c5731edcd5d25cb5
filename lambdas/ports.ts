/** From where things are to the ports that one step needs. Lambda and the rehearsal differ only in the {@link Places} they pass. */
import type { ConnectionSettings } from './adapters/connection-settings.ts';
import { pgDump } from './adapters/pg-dump.ts';
import { type DatabasePort, databasePort } from './adapters/postgres.ts';
import type { Cluster, Executions, Need, Ports, ReplicationLogin, Views } from './contract.ts';

/** Everything that differs between an AWS account and a laptop. */
export interface Places {
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  readonly cluster: Cluster;
  readonly executions: Executions;
  readonly replication: ReplicationLogin;
}

export interface OpenPorts {
  readonly looking: Views;
  readonly acting: Ports;
  close(): Promise<void>;
}

/** Nothing connects before it is used, so a step pays only for what it needs. */
export function openPorts(step: string, places: Places): OpenPorts {
  const source: DatabasePort = databasePort(places.source, step);
  const target: DatabasePort = databasePort(places.target, step);
  const others = {
    cluster: places.cluster,
    executions: places.executions,
    replication: places.replication,
    schemaDump: pgDump(places.source, step),
  } satisfies Omit<Ports, 'source' | 'target'> & { [N in Need]?: unknown };
  return {
    looking: { ...others, source: source.looking, target: target.looking },
    acting: { ...others, source: source.acting, target: target.acting },
    close: async () => {
      await Promise.all([source.close(), target.close()]);
    },
  };
}
