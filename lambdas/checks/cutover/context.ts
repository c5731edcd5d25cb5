/**
 * What the checks before a switch read. A cutover and a rollback ask the same questions with the sides swapped, so the checks are written in
 * terms of the side switched from, the side switched to, and the two streams between them.
 */
import type { Direction } from '../../config/direction.ts';
import type { Exclusions, TableName } from '../../config/input.ts';
import { subscriptionName } from '../../config/names.ts';
import type { SideName } from '../../config/side-name.ts';
import { keyOf } from '../../config/tables.ts';
import type { Looking } from '../../engine/contract.ts';
import type { ApplicationView, MadeLoginAccess } from '../../ports/application.ts';
import type { ClusterAccess } from '../../ports/cluster.ts';
import type { Reader } from '../../ports/database.ts';
import type { Functions } from '../../ports/functions.ts';
import type { PlanetScaleView } from '../../ports/planetscale.ts';
import type { ReplicationAccess } from '../../ports/replication.ts';
import { lookAtHistory, type StreamHistory } from '../../replication/history.ts';
import { copyOn } from '../../state/earlier-copy.ts';
import { type Gates, lookAtGates } from '../../state/gates.ts';
import type { Check } from '../run.ts';

export type Needs = 'executions' | 'source' | 'target' | 'replication' | 'applicationView' | 'functions';
/** What the checks read from. The cluster, PlanetScale's API and the login that is to be put into the application's secret, matter only to a switch to the target. */
export type SwitchLooking = Looking<Needs> & {
  readonly clusterAccess?: ClusterAccess;
  readonly planetscale?: PlanetScaleView;
  readonly applicationLogin?: Pick<MadeLoginAccess, 'works'>;
};

/** One of the two databases, by what it is in this switch. */
export interface Side {
  readonly name: SideName;
  readonly reader: Reader;
  /** Major version. */
  readonly version: number;
}

export interface SwitchCheckContext extends Pick<Looking<Needs>, 'source' | 'target' | 'input' | 'execution' | 'results'> {
  readonly direction: Direction;
  /** The side that serves the application, and is switched from. */
  readonly from: Side;
  readonly to: Side;
  /** Names of subscription and slot of the current stream, and of the one that the switch will make. */
  readonly current: string;
  readonly next: string;
  /** Exclusions of the input, and those that were in force when the schema was copied. */
  readonly exclusions: Exclusions;
  readonly replication: ReplicationAccess;
  readonly application: ApplicationView;
  /** Tries the login that the migration has made. */
  readonly applicationLogin: Pick<MadeLoginAccess, 'works'> | undefined;
  readonly functions: Functions;
  readonly cluster: ClusterAccess | undefined;
  readonly planetscale: PlanetScaleView | undefined;
  readonly gates: Gates;
  /** Observed state of the current stream. */
  readonly history: StreamHistory;
}

export type SwitchCheck = Check<SwitchCheckContext>;

export async function loadSwitchContext(direction: Direction, ctx: SwitchLooking): Promise<SwitchCheckContext> {
  const { source, target, input, execution, results, replication, applicationView, functions } = ctx;
  const readers = { source, target };
  const sideOf = async (name: SideName): Promise<Side> => ({ name, reader: readers[name], version: await readers[name].version() });
  const [from, to] = [await sideOf(direction.from), await sideOf(direction.to)];
  const copied = (await copyOn(target))?.exclusions;
  const { database } = source.endpoint;
  return {
    source,
    target,
    input,
    execution,
    results,
    replication,
    direction,
    from,
    to,
    current: subscriptionName(database, direction.current),
    next: subscriptionName(database, direction.next),
    exclusions: {
      excludeSchemas: [...new Set([...input.excludeSchemas, ...(copied?.excludeSchemas ?? [])])],
      excludeTables: distinct([...input.excludeTables, ...(copied?.excludeTables ?? [])]),
    },
    application: applicationView,
    applicationLogin: ctx.applicationLogin,
    functions,
    cluster: ctx.clusterAccess,
    planetscale: ctx.planetscale,
    gates: await lookAtGates(source, target),
    history: await lookAtHistory(from.reader, to.reader, direction.current, database),
  };
}

const distinct = (tables: readonly TableName[]): TableName[] => [...new Map(tables.map((table) => [keyOf(table), table])).values()];
