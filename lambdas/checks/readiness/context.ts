/** What the readiness checks read. */
import type { MigrationInput } from '../../config/input.ts';
import type { Looking } from '../../engine/contract.ts';
import type { ApplicationView } from '../../ports/application.ts';
import type { ClusterView } from '../../ports/cluster.ts';
import type { Concurrency } from '../../ports/concurrency.ts';
import type { Reader } from '../../ports/database.ts';
import type { WayBack } from '../../ports/replication.ts';
import { type PublishedTable, publishedTables } from '../../postgres/tables.sql.ts';
import type { Check } from '../run.ts';

/** What every check may read. Versions are major versions. */
export interface CheckContext {
  readonly source: Reader;
  readonly target: Reader;
  readonly cluster: ClusterView;
  readonly application: ApplicationView;
  readonly wayBack: WayBack;
  readonly concurrency: Concurrency;
  readonly input: MigrationInput;
  readonly sourceVersion: number;
  readonly targetVersion: number;
  /** The tables to be published; asked for once, however many checks want them. */
  tables(): Promise<readonly PublishedTable[]>;
}

/** Ports that the checks read from. */
type Needs = 'source' | 'target' | 'cluster' | 'applicationView' | 'wayBack' | 'concurrency';

/** The context of the checks, from both sides. */
export async function loadContext({
  source,
  target,
  cluster,
  applicationView: application,
  wayBack,
  concurrency,
  input,
}: Pick<Looking<Needs>, Needs | 'input'>): Promise<CheckContext> {
  let tables: Promise<readonly PublishedTable[]> | undefined;
  return {
    source,
    target,
    cluster,
    application,
    wayBack,
    concurrency,
    input,
    sourceVersion: await source.version(),
    targetVersion: await target.version(),
    tables() {
      tables ??= source.query(publishedTables(input));
      return tables;
    },
  };
}

export type ReadinessCheck = Check<CheckContext>;
