/** Worlds in which the steps before the copy are done, and what tests of replication ask of them. */
import type { TableName } from '../../lambdas/config/input.ts';
import { qualified } from '../../lambdas/postgres/quote.ts';
import { HOSTILE_TABLES, hostileRows, hostileSchema, hostileTarget } from './hostile.ts';
import { startWorld, type VisitOptions, type World, type WorldOptions } from './world.ts';

export const ROWS = 2_000;

const SIDES: WorldOptions = { schema: `${hostileSchema()};${hostileRows(1, ROWS)}`, targetSchema: hostileTarget() };

/** Five hostile tables with rows; everything before CreateSubscription is done. */
export const published = (options: WorldOptions = {}, visit: VisitOptions = {}): Promise<World> =>
  prepared(startWorld({ ...SIDES, ...options }), (world) => publish(world, visit));

/** The same, with everything copied. */
export const replicated = (options: WorldOptions = {}): Promise<World> => prepared(startWorld({ ...SIDES, ...options }), replicate);

/**
 * Such worlds on one pair of servers, which is faster than a pair for each. A pair bears about eight: what a test leaves behind (a slot, a
 * worker) stays until the pair is destroyed.
 */
export async function sharedServers(options: WorldOptions = {}) {
  const base = await startWorld({ ...SIDES, ...options });
  let worlds = 0;
  const next = () => {
    worlds += 1;
    return base.sibling(`Shop "${worlds}"`);
  };
  return {
    published: (visit: VisitOptions = {}) => prepared(next(), (world) => publish(world, visit)),
    replicated: () => prepared(next(), replicate),
    /** Nothing but the tables and the rows. */
    empty: () => next(),
    destroy: () => base.destroy(),
  };
}
export type SharedServers = Awaited<ReturnType<typeof sharedServers>>;

async function prepared(starting: Promise<World>, prepare: (world: World) => Promise<void>): Promise<World> {
  const world = await starting;
  try {
    await prepare(world);
    return world;
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

async function publish(world: World, visit: VisitOptions = {}): Promise<void> {
  await world.visit('CreateReplicationRole', visit);
  await world.visit('CreatePublication', visit);
}

async function replicate(world: World): Promise<void> {
  await publish(world);
  await world.until('CreateSubscription');
  await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
}

export const tableStates = async (world: World): Promise<unknown[]> =>
  (await world.target('select srsubstate from pg_subscription_rel')).map((row) => row.srsubstate);

/** Long after whatever a busy machine might need. */
const HANGS_AFTER_MS = 300_000;

/** Waits for a condition, never for a time. */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + HANGS_AFTER_MS;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`This did not come true within ${HANGS_AFTER_MS} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits until the target has all that the source has now. */
export async function applied(world: World): Promise<void> {
  const [now] = await world.source('select pg_current_wal_insert_lsn()::text as lsn');
  await eventually(async () => {
    const behind = `select from pg_replication_slots where database = current_database() and confirmed_flush_lsn < $1::pg_lsn`;
    return (await world.source(behind, [now?.lsn])).length === 0;
  });
}

/** Rows and their sum, of one table on both sides. */
export async function onBothSides(world: World, { schema, table }: TableName): Promise<{ source: unknown; target: unknown }> {
  const text = `select count(*)::int as count, sum(hashtext(t::text))::text as hash from ${qualified(schema, table)} as t`;
  const [[source], [target]] = await Promise.all([world.source(text), world.target(text)]);
  return { source, target };
}

/** Whether every hostile table is equal on both sides. */
export async function sidesAgree(world: World): Promise<boolean> {
  for (const table of HOSTILE_TABLES) {
    const { source, target } = await onBothSides(world, table);
    if (JSON.stringify(source) !== JSON.stringify(target)) return false;
  }
  return true;
}
