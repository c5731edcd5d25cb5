/** What tests of the clean-up share: migrations to be cleaned up, and what has to be there or gone afterwards. */
import type { Json } from '../../lambdas/config/json.ts';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import type { StepResult } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { catalogsOf } from './catalogs.ts';
import { hostileRows, hostileSchema } from './hostile.ts';
import { eventually, tableStates } from './replicated.ts';
import type { World } from './world.ts';

export const MADE_IN_THE_DATABASES: StepName[] = ['CreateReplicationRole', 'CopySchema', 'CreatePublication', 'CreateSubscription'];

/** Schema and rows of the source. */
export const ROWS = `${hostileSchema()};${hostileRows(1, 200)}`;

export const bothSides = async (world: World) => ({ source: await catalogsOf(world.source), target: await catalogsOf(world.target) });

/** Takes the migration as far as tables are made and copied. */
export async function migrate(world: World, steps: readonly StepName[] = MADE_IN_THE_DATABASES): Promise<void> {
  for (const step of steps) await world.until(step);
}

/** Waits until no table has a slot of its own any more, so that nothing changes by itself. */
export const copied = (world: World): Promise<void> =>
  eventually(
    async () =>
      (await tableStates(world)).every((state) => state === 'r') &&
      (await world.source(`select from pg_replication_slots where slot_name like 'pg\\_%\\_sync\\_%' and database = current_database()`))
        .length === 0,
  );

/** As if the step had been visited first an hour ago, so that it waits no longer. */
export const impatient: { state: Record<string, StepResult> } = {
  state: {
    DropReplication: {
      verdict: 'pending',
      nextPollSeconds: 15,
      since: new Date(Date.now() - 3_600_000).toISOString(),
      evidence: null as Json,
    },
  },
};

const SLOTS = 'select slot_name from pg_replication_slots where database = current_database()';
const SUBSCRIPTIONS =
  'select subname from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database() order by 1';
const SCHEMAS = `select nspname from pg_namespace where nspname = 'planetscale_migration'`;
const ROLES = `select rolname from pg_roles where rolname = '${REPLICATION_ROLE}'`;
const PUBLICATIONS = 'select pubname from pg_publication';

/** What a clean-up has to remove, on both sides together. */
export const ofOurs = async (world: World) => {
  const both = async (text: string) => [...(await world.source(text)), ...(await world.target(text))];
  return {
    slots: await both(SLOTS),
    publications: await both(PUBLICATIONS),
    roles: await both(ROLES),
    subscriptions: await both(SUBSCRIPTIONS),
    schemas: await both(SCHEMAS),
  };
};
export const NOTHING = { slots: [], publications: [], roles: [], subscriptions: [], schemas: [] };

/** What the last visit tells of a side that is clean. */
export const CLEAN = {
  source: { slots: [], publication: false, role: false, subscription: false, schema: false },
  target: { subscriptions: [], slots: [], publication: false, role: false, schema: false },
};
