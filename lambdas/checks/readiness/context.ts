/** What the readiness checks read. */

import { TargetNotKnown } from '../../config/errors.ts';
import type { MigrationInput } from '../../config/input.ts';
import type { Looking } from '../../engine/contract.ts';
import type { ApplicationView } from '../../ports/application.ts';
import type { ClusterView } from '../../ports/cluster.ts';
import type { Concurrency } from '../../ports/concurrency.ts';
import type { Reader } from '../../ports/database.ts';
import type { PlanetScaleView } from '../../ports/planetscale.ts';
import type { WayBack } from '../../ports/replication.ts';
import { type PublishedTable, publishedTables } from '../../postgres/tables.sql.ts';
import type { Check } from '../run.ts';
import { type Planned, planTarget } from './target-plan.ts';

/** What every check may read. Versions are major versions. */
export interface CheckContext {
  readonly source: Reader;
  readonly target: Reader;
  readonly cluster: ClusterView;
  readonly application: ApplicationView;
  readonly wayBack: WayBack;
  readonly concurrency: Concurrency;
  readonly planetscale: PlanetScaleView;
  readonly input: MigrationInput;
  readonly sourceVersion: number;
  /** @throws TargetNotKnown where the target has no login */
  readonly targetVersion: number;
  /** The tables to be published; asked for once, however many checks want them. */
  tables(): Promise<readonly PublishedTable[]>;
  /** What ConfigureTarget will do; computed once. */
  targetPlan(): Promise<Planned>;
}

/** Ports that the checks read from. */
type Needs = 'source' | 'target' | 'cluster' | 'applicationView' | 'wayBack' | 'concurrency' | 'planetscale';

/** Asked for once; a target without a login has none. */
async function versionOf(target: Reader): Promise<() => number> {
  try {
    const version = await target.version();
    return () => version;
  } catch (error) {
    if (!(error instanceof TargetNotKnown)) throw error;
    return () => {
      throw error;
    };
  }
}

/** The context of the checks, from both sides. */
export async function loadContext({
  source,
  target,
  cluster,
  applicationView: application,
  wayBack,
  concurrency,
  planetscale,
  input,
}: Pick<Looking<Needs>, Needs | 'input'>): Promise<CheckContext> {
  let tables: Promise<readonly PublishedTable[]> | undefined;
  let planned: Promise<Planned> | undefined;
  const targetVersion = await versionOf(target);
  return {
    source,
    target,
    cluster,
    application,
    wayBack,
    concurrency,
    planetscale,
    input,
    sourceVersion: await source.version(),
    get targetVersion() {
      return targetVersion();
    },
    tables() {
      tables ??= source.query(publishedTables(input));
      return tables;
    },
    targetPlan() {
      planned ??= planTarget({ planetscale, source, target, input });
      return planned;
    },
  };
}

export type ReadinessCheck = Check<CheckContext>;
