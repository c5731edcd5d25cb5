/** Artifacts of a migration in the two databases: found before a rehearsal on the user's servers, and removed after it. */
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import { PUBLICATION, SCHEMA, subscriptionName } from '../lambdas/config/names.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { DEFAULT_PACE, type Places, startExecution } from './machines/execution.ts';
import { ExecutionRegistry } from './machines/registry.ts';
import type { SynthesizedMachine } from './machines/synthesize.ts';
import { dropOwnTables, WORKLOAD_SCHEMA } from './workload/own-subjects.ts';

/** A migration of this database is under way or was left unfinished, and a rehearsal must not take it for its own. */
export class ArtifactsFound extends Error {
  override readonly name = 'ArtifactsFound';
}

interface Place {
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
}

async function on<Result>(settings: ConnectionSettings, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(clientConfig(settings, 'rehearsal clean-up'));
  client.on('error', () => {}); // shows at the next query
  await client.connect();
  try {
    await client.query(`set statement_timeout = '60s'; set lock_timeout = '20s'`);
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** @throws ArtifactsFound naming what is there, before anything is changed */
export async function refuseArtifacts({ source, target }: Place): Promise<void> {
  const find = (settings: ConnectionSettings) =>
    on(settings, async (client) => {
      const { rows } = await client.query<{ trace: string }>(
        `
select 'schema ' || nspname as trace from pg_namespace where nspname in ($1::text, $2::text)
union all
select 'publication ' || pubname from pg_publication where pubname = $3::text
union all
select 'slot ' || slot_name from pg_replication_slots where slot_name = any ($4::text[]) and database = current_database()
union all
select 'subscription ' || s.subname from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where s.subname = any ($4::text[])
`,
        [SCHEMA, WORKLOAD_SCHEMA, PUBLICATION, [subscriptionName(source.database), subscriptionName(source.database, 'reverse')]],
      );
      return rows.map(({ trace }) => `${trace} on ${settings.host}:${settings.port}/${settings.database}`);
    });
  const found = [...(await find(source)), ...(await find(target))];
  if (found.length === 0) return;
  throw new ArtifactsFound(
    `A migration of this database was begun before, and a rehearsal would end it: there is ${found.join(', ')}. ` +
      'Nothing was touched. Remove these first if they are of no use any more.',
  );
}

/**
 * Lets the machine `Cleanup` remove what the migration made, and drops the writers' own tables. The copied tables stay on the target.
 * @throws with the error of the machine where something is left
 */
export async function removeArtifacts({ source, target }: Place, machine: SynthesizedMachine, places: Places): Promise<void> {
  const registry = new ExecutionRegistry();
  const { failure } = await startExecution({ machine, name: 'rehearsal-clean-up', input: {}, registry, places, pace: DEFAULT_PACE }).ended;
  for (const settings of [source, target]) await on(settings, (client) => client.query(dropOwnTables().text));
  if (failure) throw new Error(`The rehearsal could not remove everything that it made. ${failure.cause}`);
}
