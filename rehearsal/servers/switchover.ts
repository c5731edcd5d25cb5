/**
 * The replacement of a server by its provider: the address and the data stay, every connection ends, no login succeeds for a while, and
 * slots are kept by rules of the provider's own.
 *
 * PlanetScale promotes a replica for maintenance, a resize and every restart. The replica has a slot only if it was made with `failover`,
 * `sync_replication_slots` and `hot_standby_feedback` are on, and its name is in the cluster's list of logical slots
 * (https://planetscale.com/docs/postgres/integrations/logical-cdc). Aurora's new writer opens the same storage; sources
 * disagree on whether the slots are there, so both are simulated.
 */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { Server, Shutdown } from './server.ts';

/** The proxy before the server, which answers while it is away. */
export interface Entrance {
  /** From now on every login is refused. */
  shut(): Promise<void> | void;
  open(): Promise<void> | void;
  endConnections(): Promise<void> | void;
}

export interface Circumstances {
  /** @default - clients connect to the server itself, which does not answer */
  readonly entrance?: Entrance;
  /** Runs while logins are refused. */
  readonly meanwhile?: () => Promise<void>;
  /** @default - as its provider stops it: in order where it is planned, by a crash where it is not */
  readonly shutdown?: Shutdown;
  /** Whether the server comes back on another port, where whatever leads to it has to follow. @default false */
  readonly elsewhere?: boolean;
}

/**
 * PlanetScale's switchover.
 * @param listed the cluster's list of logical slots, which is not in PostgreSQL
 */
export async function switchTargetOver(server: Server, listed: readonly string[], circumstances: Circumstances = {}): Promise<void> {
  const carriedOver = (await synchronizedSlots(server)).filter((name) => listed.includes(name));
  await replace(server, () => server.keepSlots(carriedOver), { shutdown: 'fast', ...circumstances });
}

/** Aurora's failover. */
export async function failSourceOver(server: Server, slots: 'stay' | 'go', circumstances: Circumstances = {}): Promise<void> {
  const loseSlots = () => {
    if (slots === 'go') server.keepSlots([]);
  };
  await replace(server, loseSlots, { shutdown: 'crash', ...circumstances });
}

async function replace(
  server: Server,
  whileAway: () => void,
  { entrance, meanwhile, shutdown, elsewhere = false }: Circumstances & { readonly shutdown: Shutdown },
): Promise<void> {
  await entrance?.shut();
  await server.stop(shutdown);
  await entrance?.endConnections();
  whileAway();
  await meanwhile?.();
  await (elsewhere ? server.resumeElsewhere() : server.resume());
  await entrance?.open();
}

/** Versions before 17 know neither the flag nor the setting. */
async function synchronizedSlots(server: Server): Promise<string[]> {
  const client = new pg.Client(clientConfig(server.superuser(), 'switchover'));
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query(`
select slot_name::text as name from pg_replication_slots as s
where slot_type = 'logical' and not temporary and (to_jsonb(s) ->> 'failover')::boolean
  and current_setting('sync_replication_slots', true)::boolean and current_setting('hot_standby_feedback')::boolean
`);
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
