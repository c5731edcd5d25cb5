/** All ports together, by the names that a step's needs have. */
import type { Application, ApplicationOriginal, ApplicationView, Hook, MadeLoginAccess } from './application.ts';
import type {
  ClusterAccess,
  ClusterReboot,
  ClusterRestore,
  ClusterRestoreView,
  ClusterSetup,
  ClusterSetupView,
  ClusterView,
} from './cluster.ts';
import type { Concurrency } from './concurrency.ts';
import type { ComparisonReaders, Database, LowLogin, Reader, SchemaDump } from './database.ts';
import type { Executions } from './executions.ts';
import type { Functions } from './functions.ts';
import type { PartCopy } from './part-copy.ts';
import type { PlanetScale, PlanetScaleRestore, PlanetScaleView, TargetJournal, TargetSecret } from './planetscale.ts';
import type { ReplicationAccess, ReplicationSecret, WayBack } from './replication.ts';

/** Everything outside of the function that a step may reach. */
export interface Ports {
  readonly source: Database;
  readonly target: Database;
  readonly comparison: ComparisonReaders;
  readonly lowLogin: LowLogin;
  readonly partCopy: PartCopy;
  /** Rights follow from needs, so each kind of change of the cluster is a port of its own; `cluster` only reads. */
  readonly cluster: ClusterView;
  readonly clusterSetup: ClusterSetup;
  readonly clusterRestore: ClusterRestore;
  readonly clusterReboot: ClusterReboot;
  readonly clusterAccess: ClusterAccess;
  readonly executions: Executions;
  readonly replication: ReplicationAccess;
  readonly wayBack: WayBack;
  readonly replicationSecret: ReplicationSecret;
  readonly schemaDump: SchemaDump;
  /** Rights follow from needs here, too: only `application` may write the secret. */
  readonly application: Application;
  readonly applicationView: ApplicationView;
  readonly applicationOriginal: ApplicationOriginal;
  readonly applicationLogin: MadeLoginAccess;
  readonly hook: Hook;
  readonly functions: Functions;
  readonly concurrency: Concurrency;
  /** PlanetScale's API; `planetscale` only reads. */
  readonly planetscale: PlanetScaleView;
  readonly planetscaleSetup: PlanetScale;
  readonly planetscaleRestore: PlanetScaleRestore;
  readonly targetJournal: TargetJournal;
  /** Whether there is a login for the target; a step with this need, or with `targetSecret`, begins without one as well. */
  readonly targetLogin: Pick<TargetSecret, 'name' | 'isEmpty'>;
  readonly targetSecret: TargetSecret;
}
export type Need = keyof Ports;

/** Read-only views of the same ports, so that the compiler keeps `inspect` from changing anything. */
export interface Views {
  readonly source: Reader;
  readonly target: Reader;
  readonly comparison: ComparisonReaders;
  /** Nothing can be read before there is a role. */
  readonly lowLogin: object;
  /** Its sessions change nothing by themselves; what they may do follows from the rights of their roles. */
  readonly partCopy: Pick<PartCopy, 'role' | 'works'>;
  readonly cluster: ClusterView;
  readonly clusterSetup: ClusterSetupView;
  readonly clusterRestore: ClusterRestoreView;
  readonly clusterReboot: ClusterView;
  readonly clusterAccess: ClusterAccess;
  readonly executions: Executions;
  readonly replication: ReplicationAccess;
  readonly wayBack: WayBack;
  readonly replicationSecret: Pick<ReplicationSecret, 'isRenewedBy'>;
  readonly schemaDump: SchemaDump;
  readonly application: ApplicationView;
  readonly applicationView: ApplicationView;
  readonly applicationOriginal: Pick<ApplicationOriginal, 'isKept'>;
  readonly applicationLogin: Pick<MadeLoginAccess, 'works'>;
  /** There is nothing to read. */
  readonly hook: object;
  /** Waking a function changes nothing. */
  readonly functions: Functions;
  readonly concurrency: Concurrency;
  readonly planetscale: PlanetScaleView;
  readonly planetscaleSetup: PlanetScaleView;
  readonly planetscaleRestore: PlanetScaleView;
  readonly targetJournal: Pick<TargetJournal, 'stack' | 'tags'>;
  readonly targetLogin: Pick<TargetSecret, 'name' | 'isEmpty'>;
  readonly targetSecret: Pick<TargetSecret, 'name' | 'connection' | 'isEmpty'>;
}
