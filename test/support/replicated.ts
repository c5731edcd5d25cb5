/** Worlds in which the steps before the copy are done, and what tests of replication ask of them. */
import type { TableName } from '../../lambdas/input.ts';
import { qualified } from '../../lambdas/sql/quote.ts';
import { HOSTILE_TABLES, hostileRows, hostileSchema, hostileTarget } from './hostile.ts';
import { startWorld, type VisitOptions, type World, type WorldOptions } from './world.ts';

export const ROWS = 2_000;

/** Five hostile tables with rows; everything before CreateSubscription is done. */
export async function published(options: WorldOptions = {}, visit: VisitOptions = {}): Promise<World> {
  const world = await startWorld({ schema: `${hostileSchema()};${hostileRows(1, ROWS)}`, targetSchema: hostileTarget(), ...options });
  try {
    await world.visit('CreateReplicationRole', visit);
    await world.visit('CreatePublication', visit);
    return world;
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

/** The same, with everything copied. */
export async function replicated(options: WorldOptions = {}): Promise<World> {
  const world = await published(options);
  try {
    await world.until('CreateSubscription');
    await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
    return world;
  } catch (error) {
    await world.destroy();
    throw error;
  }
}

export const tableStates = async (world: World): Promise<unknown[]> =>
  (await world.target('select srsubstate from pg_subscription_rel')).map((row) => row.srsubstate);

/** Waits for a condition, never for a time. */
export async function eventually(condition: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`This did not come true within ${withinMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
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
