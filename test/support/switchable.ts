/** Worlds that can be switched, with an application of a role of its own, and what tests ask of them. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { Application } from '../../lambdas/ports/application.ts';
import { noApplication } from '../../lambdas/ports/application.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { HOSTILE_SCHEMAS, hostileRows, hostileSchema, hostileTarget } from './hostile.ts';
import { ROWS } from './replicated.ts';
import { loginAs, type World, type WorldOptions } from './world.ts';

const ROLE = 'the_application';
const PASSWORD = 'the application';

/** Where the application writes. */
const WRITTEN = 'create table public.written (id bigserial primary key, at timestamptz not null default clock_timestamp());';

/** Beside the hostile tables there is one with a sequence. Workers on either side begin at once, not after five seconds. */
export const SWITCHABLE: WorldOptions = {
  schema: `${WRITTEN}${hostileSchema()};${hostileRows(1, ROWS)}`,
  targetSchema: `${WRITTEN}${hostileTarget()}`,
  sourceParameters: { wal_retrieve_retry_interval: '100ms', max_worker_processes: 20, max_logical_replication_workers: 12 },
};

/** The same role on both sides, which may do what an application may, and is a member of no role. */
export async function letInApplication(world: World): Promise<World> {
  for (const run of [world.source, world.target]) {
    await run(`do $$ begin create role ${ROLE} login password '${PASSWORD}'; exception when duplicate_object then null; end $$`);
    for (const schema of HOSTILE_SCHEMAS) {
      const name = `"${schema.replaceAll('"', '""')}"`;
      await run(`grant usage on schema ${name} to ${ROLE}; grant all on all tables in schema ${name} to ${ROLE};
grant all on all sequences in schema ${name} to ${ROLE}`);
    }
  }
  return world;
}

/** How the application connects to a side. */
export const asApplication = (world: World, side: SideName): ConnectionSettings => loginAs(world, side, ROLE, PASSWORD);

/** A session of the application's, to be ended by the caller. @param options as libpq's, such as `-c name=value` */
export async function applicationSession(world: World, side: SideName, options?: string): Promise<pg.Client> {
  const client = new pg.Client({ ...clientConfig(asApplication(world, side), 'the application'), ...(options ? { options } : {}) });
  client.on('error', () => {}); // shows at the next query
  try {
    await client.connect();
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
  return client;
}

/** What becomes of one write in a new session: `written`, or the SQLSTATE. */
export async function writeAt(world: World, side: SideName, options?: string): Promise<string> {
  try {
    const client = await applicationSession(world, side, options);
    try {
      await client.query('insert into public.written default values');
      return 'written';
    } finally {
      await client.end();
    }
  } catch (error) {
    return (error as pg.DatabaseError).code ?? String(error);
  }
}

/** Overrides the default of a fenced database, as some frameworks do. */
export const IGNORING_THE_FENCE = '-c default_transaction_read_only=off';

/** Which sides take a write of the application, the fence's default ignored. */
export async function writableSides(world: World): Promise<SideName[]> {
  const sides: SideName[] = ['source', 'target'];
  const outcomes = await Promise.all(sides.map((side) => writeAt(world, side, IGNORING_THE_FENCE)));
  return sides.filter((_, index) => outcomes[index] === 'written');
}

/** What a fence changes on a side, and has to put back. */
export const fenceOn = async (world: World, side: SideName): Promise<unknown> =>
  world[side](`select s.setconfig, (select array_agg(format('%s:%s:%s', a.grantee::regrole, a.privilege_type, a.is_grantable) order by 1)
    from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a) as rights
from pg_database as d left join pg_db_role_setting as s on s.setdatabase = d.oid and s.setrole = 0 where d.datname = current_database()`);

/** A secret that is a variable; `history` is where it has led to. */
export function variableSecret(): Application & { readonly history: readonly SideName[] } {
  const history: SideName[] = ['source'];
  return {
    ...noApplication,
    secret: 'the application',
    history,
    pointsAt: async () => history.at(-1),
    async pointAt(side) {
      if (history.at(-1) !== side) history.push(side);
    },
  };
}
