/** Worlds as Replicate leaves them, and what the checks before a switch say of them. */
import { openPorts } from '../../lambdas/adapters/open-ports.ts';
import { loadSwitchContext, type SwitchCheck } from '../../lambdas/checks/cutover/context.ts';
import type { Finding } from '../../lambdas/checks/finding.ts';
import { findAll } from '../../lambdas/checks/run.ts';
import { CUTOVER, type Direction } from '../../lambdas/config/direction.ts';
import { parseInput } from '../../lambdas/config/input.ts';
import type { Json } from '../../lambdas/config/json.ts';
import { subscriptionName } from '../../lambdas/config/names.ts';
import type { Application } from '../../lambdas/ports/application.ts';
import type { Cluster } from '../../lambdas/ports/cluster.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { PlanetScale } from '../../lambdas/ports/planetscale.ts';
import { hostileRows, hostileSchema } from './hostile.ts';
import { eventually, tableStates } from './replicated.ts';
import { silent, startWorld, type VisitOptions, type World, type WorldOptions } from './world.ts';

const SCHEMA = `${hostileSchema()};
create table public.numbered (id bigserial primary key, note text unique);
create index "by; text" on public.plain ("Some Text");
${hostileRows(1, 20)};
insert into public.numbered (note) select 'note ' || n from generate_series(1, 20) as n`;

/** A source that may subscribe, too; workers on either side begin again at once. */
export const FOLLOWED: WorldOptions = {
  sourceParameters: {
    ...{ max_worker_processes: 20, max_logical_replication_workers: 12, wal_retrieve_retry_interval: '200ms' },
    max_prepared_transactions: 5,
  },
  targetParameters: { max_prepared_transactions: 5 },
};

/** Carries out what Replicate does in the databases; everything is copied then. */
export async function follow(world: World, visit: VisitOptions = {}, schema = SCHEMA): Promise<World> {
  await world.asSourceRole(schema);
  for (const step of ['CreateReplicationRole', 'CopySchema', 'CreatePublication'] as const) await world.visit(step, visit);
  await world.until('CreateSubscription', visit);
  await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
  await world.until('BuildIndexes', visit);
  return world;
}

/** A pair of servers with as many such worlds as wanted; a pair bears about eight. */
export async function followedServers(options: WorldOptions = {}) {
  const base = await startWorld({
    ...options,
    sourceParameters: { ...FOLLOWED.sourceParameters, ...options.sourceParameters },
    targetParameters: { ...FOLLOWED.targetParameters, ...options.targetParameters },
  });
  let worlds = 0;
  return {
    base,
    async world(visit: VisitOptions = {}): Promise<World> {
      worlds += 1;
      return follow(await base.sibling(`Shop "${worlds}"`), visit);
    },
    destroy: () => base.destroy(),
  };
}
export type FollowedServers = Awaited<ReturnType<typeof followedServers>>;

/** The state of an execution in which the data were just found equal. */
export const compared = (): Record<string, unknown> => ({ CompareData: { verdict: 'done', since: new Date().toISOString() } });

/** The stream that flows has a reader, as it has a moment after it was made. */
export const streaming = (world: World, stream: 'forward' | 'reverse' = 'forward'): Promise<void> => {
  const publisher = stream === 'forward' ? world.source : world.target;
  return eventually(async () => {
    const [slot] = await publisher('select active from pg_replication_slots where slot_name = $1', [
      subscriptionName(world.database.name, stream),
    ]);
    return slot?.active === true;
  });
};

export interface SwitchCircumstances {
  readonly direction?: Direction;
  readonly input?: Readonly<Record<string, Json>>;
  readonly state?: Readonly<Record<string, unknown>>;
  readonly source?: ConnectionSettings;
  readonly target?: ConnectionSettings;
  readonly application?: Application;
  readonly cluster?: Cluster;
  readonly planetscale?: PlanetScale;
}

/** What these checks find, without markers being written. */
export async function switchFindings(
  world: World,
  checks: readonly SwitchCheck[],
  { direction = CUTOVER, input = {}, state = compared(), ...places }: SwitchCircumstances = {},
): Promise<Finding[]> {
  const ports = openPorts('CheckCutover', { ...world.places, ...places });
  try {
    const visit = {
      ...{ input: parseInput(input), execution: 'test', previous: undefined, results: state, waitedSeconds: 0, log: silent },
      remainingMs: () => 60_000,
    };
    return await findAll(checks, await loadSwitchContext(direction, { ...visit, ...ports.looking }));
  } finally {
    await ports.close();
  }
}
