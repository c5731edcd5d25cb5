import type { ApplicationBinding, Hook, MadeLogin } from './application.ts';
import type { Cluster } from './cluster.ts';
import type { Concurrency } from './concurrency.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { Executions } from './executions.ts';
import type { Functions } from './functions.ts';
import type { PlanetScale, TargetJournal, TargetSecret } from './planetscale.ts';
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
  readonly application: ApplicationBinding;
  /** Password of the application's login on the target, where the stack makes one. */
  readonly applicationLogin: MadeLogin;
  readonly hook: Hook;
  readonly functions: Functions;
  readonly concurrency: Concurrency;
  readonly planetscale: PlanetScale;
  readonly targetJournal: TargetJournal;
  readonly targetSecret: TargetSecret;
}
