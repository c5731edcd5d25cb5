/** Worlds in which rows are copied in parts, and what the tests of that ask of them. */
import type { Json } from '../../lambdas/config/json.ts';
import type { StepResult } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { createCopyPlan, recordCopyPlan } from '../../lambdas/state/copy-plan.sql.ts';
import { createHeartbeat } from '../../lambdas/state/heartbeat.sql.ts';
import { hostileRows, hostileSchema } from './hostile.ts';
import { startWorld, type VisitOptions, type World, type WorldOptions } from './world.ts';

/** As small as parts can be: a page. */
export const PAGE = 8_192;

export interface InPartsOptions extends WorldOptions {
  /** Bytes of a part. @default - one page, so that every table has many */
  readonly partBytes?: number;
  /** Workers that may work. @default 8 */
  readonly workers?: number;
  /** Rows of each hostile table. @default 2,000 */
  readonly rows?: number;
}

/** Everything before SeedCopy is done. @param schema of both sides; the target's may have no index, as CopySchema would leave it */
export async function planned({ partBytes = PAGE, workers = 8, rows = 2_000, ...options }: InPartsOptions = {}): Promise<World> {
  const schema = options.schema ?? `${hostileSchema()};${hostileRows(1, rows)}`;
  const targetSchema = `${options.targetSchema ?? hostileSchema()};\n${createHeartbeat().text}`;
  const world = await startWorld({ ...options, schema, targetSchema });
  try {
    await plan(world, partBytes, workers);
    return world;
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

/** What CopySchema records of a copy in parts, and the steps between it and SeedCopy. */
export async function plan(world: World, partBytes = PAGE, workers = 8): Promise<void> {
  const { target } = world.ports('test').acting;
  await target.transaction(async (session) => {
    await session.query(createCopyPlan());
    await session.query(recordCopyPlan(partBytes, workers));
  });
  await world.visit('CreateReplicationRole');
  await world.visit('CreatePublication');
}

/** The same with the parts listed. */
export async function seeded(options: InPartsOptions = {}): Promise<World> {
  const world = await planned(options);
  try {
    await world.until('SeedCopy');
    return world;
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

/** One visit of a worker. */
export const visitWorker = (world: World, worker = 1, options: VisitOptions = {}): Promise<StepResult> =>
  world.visit('CopyParts', { ...options, state: { worker, ...options.state } });

/** Workers side by side, each until nothing is left for it. */
export const copyAll = async (world: World, workers = 3, options: VisitOptions = {}): Promise<void> => {
  await Promise.all(
    Array.from({ length: workers }, (_, at) => world.until('CopyParts', { ...options, state: { worker: at + 1, ...options.state } })),
  );
};

/** From the parts to a stream that has nothing left to copy. */
export async function streamed(world: World, options: VisitOptions = {}): Promise<void> {
  for (const step of ['FinishParts', 'BuildKeys', 'CreateSubscription', 'AwaitCopy'] satisfies StepName[]) await world.until(step, options);
}

export const partsOf = (world: World) =>
  world.target(
    `select part, tables, range, attempts, done_at is not null as done, code, error, rows::int from planetscale_migration.copy_part order by part`,
  );

export const leftToStream = async (world: World): Promise<Record<string, Json>> =>
  Object.fromEntries(
    (await world.target('select "table", streamed from planetscale_migration.copy_table where streamed is not null')).map((row) => [
      String(row.table),
      String(row.streamed),
    ]),
  );
