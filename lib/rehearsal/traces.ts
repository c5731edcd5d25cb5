/** What a migration makes in the two databases: found before a rehearsal on servers of one's own, and removed after it. */
import pg from 'pg';
import { type ConnectionSettings, clientConfig } from '../../lambdas/adapters/connection-settings.ts';
import { PUBLICATION, REPLICATION_ROLE, SCHEMA, subscriptionName } from '../../lambdas/names.ts';
import { identifier } from '../../lambdas/sql/quote.ts';
import { dropOwnTables, WORKLOAD_SCHEMA } from './workload/own-subjects.ts';

/** A migration of this database is under way or was left unfinished, and a rehearsal must not take it for its own. */
export class TracesFound extends Error {
  override readonly name = 'TracesFound';
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

/** @throws TracesFound naming what is there, before anything is changed */
export async function refuseTraces({ source, target }: Place): Promise<void> {
  const find = (settings: ConnectionSettings) =>
    on(settings, async (client) => {
      const { rows } = await client.query<{ trace: string }>(
        `
select 'schema ' || nspname as trace from pg_namespace where nspname in ($1::text, $2::text)
union all
select 'publication ' || pubname from pg_publication where pubname = $3::text
union all
select 'slot ' || slot_name from pg_replication_slots where slot_name = $4::text and database = current_database()
union all
select 'subscription ' || s.subname from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where s.subname = $5::text
`,
        [SCHEMA, WORKLOAD_SCHEMA, PUBLICATION, subscriptionName(source.database), subscriptionName(source.database)],
      );
      return rows.map(({ trace }) => `${trace} on ${settings.host}:${settings.port}/${settings.database}`);
    });
  const found = [...(await find(source)), ...(await find(target))];
  if (found.length === 0) return;
  throw new TracesFound(
    `A migration of this database was begun before, and a rehearsal would end it: there is ${found.join(', ')}. ` +
      'Nothing was touched. Remove these first if they are of no use any more.',
  );
}

/**
 * Removes subscription, slots, publication, role and schemas, in the order in which nothing stays behind that holds WAL back. What is
 * not there is passed over. The copied tables stay on the target.
 */
export async function removeTraces({ source, target }: Place): Promise<void> {
  const name = subscriptionName(source.database);
  const oid = await on(target, (client) => dropSubscription(client, name));
  await on(source, async (client) => {
    await dropSlots(client, [name, ...(oid === undefined ? [] : [`pg_${oid}_sync_%`])]);
    await client.query(`drop publication if exists ${identifier(PUBLICATION)}`);
    await dropSchemas(client);
    await dropRole(client);
  });
  await on(target, dropSchemas);
}

async function dropSubscription(client: pg.Client, name: string): Promise<number | undefined> {
  const { rows } = await client.query<{ oid: number }>(
    `
select s.oid::int8::float8 as oid from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where s.subname = $1::text
`,
    [name],
  );
  if (!rows[0]) return undefined;
  // Without its slot the subscription goes even where the source is out of reach; the slots are dropped over there.
  await client.query(`alter subscription ${identifier(name)} disable`);
  await client.query(`alter subscription ${identifier(name)} set (slot_name = none)`);
  await client.query(`drop subscription ${identifier(name)}`);
  return rows[0].oid;
}

async function dropSlots(client: pg.Client, patterns: readonly string[]): Promise<void> {
  const slots = `from pg_replication_slots where database = current_database() and slot_name::text like any ($1::text[])`;
  for (let attempt = 1; ; attempt += 1) {
    await client.query(`select pg_terminate_backend(active_pid) ${slots} and active_pid is not null`, [patterns]);
    await client.query(`select pg_drop_replication_slot(slot_name) ${slots} and active_pid is null`, [patterns]);
    const { rows } = await client.query(`select slot_name ${slots}`, [patterns]);
    if (rows.length === 0) return;
    if (attempt === ATTEMPTS)
      throw new Error(`${rows.length} replication slots are still in use; drop them by hand, because they hold WAL back.`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
const ATTEMPTS = 100;
const PAUSE_MS = 100;

async function dropSchemas(client: pg.Client): Promise<void> {
  await client.query(`drop schema if exists ${identifier(SCHEMA)} cascade`);
  await client.query(dropOwnTables().text);
}

/** With the rights that were granted to it, which would keep it from going. */
async function dropRole(client: pg.Client): Promise<void> {
  const { rows } = await client.query('select from pg_roles where rolname = $1::text', [REPLICATION_ROLE]);
  if (rows.length === 0) return;
  await client.query(`drop owned by ${identifier(REPLICATION_ROLE)}`);
  await client.query(`drop role ${identifier(REPLICATION_ROLE)}`);
}
