import type { Application, Hook } from './application.ts';
import type { Cluster } from './cluster.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { Executions } from './executions.ts';
import type { Functions } from './functions.ts';
import type { ReplicationLogin, ReplicationSecret, WayBackSettings } from './replication.ts';

/** Everything that differs between an AWS account and a rehearsal on a laptop. */
export interface Bindings {
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  readonly cluster: Cluster;
  readonly executions: Executions;
  readonly replication: ReplicationLogin;
  readonly wayBack: WayBackSettings;
  readonly replicationSecret: ReplicationSecret;
  readonly application: Application;
  readonly hook: Hook;
  readonly functions: Functions;
}
