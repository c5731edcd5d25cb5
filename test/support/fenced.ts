/** A database that is fenced as a switch fences it, by a role that is no superuser, and the sessions of others in it. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openPorts } from '../../lambdas/adapters/open-ports.ts';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import { subscriptionName } from '../../lambdas/config/names.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Database, Session } from '../../lambdas/ports/database.ts';
import { fenceGate, liftFence } from '../../lambdas/state/gates.sql.ts';
import { ensureGate } from '../../lambdas/state/gates.ts';
import { createEndSessions } from '../../lambdas/switch/client-sessions.sql.ts';
import { endClientSessions } from '../../lambdas/switch/fence.ts';
import type { World } from './world.ts';

const MASTER = 'master';
const PASSWORD = 'p';

/** What may fence: the owner of the database, who sees and ends the sessions of others. */
export interface Fencing {
  readonly master: ConnectionSettings;
  readonly side: Database;
  /** How a role of the test's own logs in. */
  login(user: string): ConnectionSettings;
  fence(): Promise<void>;
  /** Ends every other session, as inside a switch. @throws SwitchFailed naming who could still write */
  endClientSessions(harmlessRoles?: readonly string[]): Promise<void>;
  lift(): Promise<void>;
  close(): Promise<void>;
}

/** @param rights attributes of the role, beside those that every version has */
export async function fencingOn(world: World, rights = ''): Promise<Fencing> {
  const name = `"${world.database.name.replaceAll('"', '""')}"`;
  await world.source(`create role ${MASTER} login ${rights} password '${PASSWORD}';
grant pg_signal_backend, pg_read_all_stats to ${MASTER}; alter database ${name} owner to ${MASTER};
create table public.written (id int); grant all on public.written to public`);
  const login = (user: string): ConnectionSettings => ({ ...world.database.source, user, password: PASSWORD });
  const ports = openPorts('SwitchOver', { source: login(MASTER) });
  const side = ports.acting.source;
  await ensureGate(side);
  const session: Session = await side.session('switch');
  await session.query(createEndSessions());
  const streams = {
    current: subscriptionName(world.database.name, 'forward'),
    next: subscriptionName(world.database.name, 'reverse'),
  };
  return {
    master: login(MASTER),
    side,
    login,
    async fence() {
      const seen = await ensureGate(side);
      await session.query(fenceGate({ seen, epoch: seen.epoch + 1, execution: 'test', attempt: randomUUID(), seconds: 60 }));
    },
    endClientSessions: (harmlessRoles = []) => endClientSessions(session, 5_000, { ...streams, input: { harmlessRoles } }),
    lift: async () => {
      await session.query(liftFence());
    },
    close: async () => {
      await session.end();
      await ports.close();
    },
  };
}

export interface Other {
  query(text: string): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

/** A session of another role; `replication: 'database'` makes it a walsender, which runs statements, too. */
export async function other(
  settings: ConnectionSettings,
  name: string,
  more: pg.ClientConfig & { replication?: string } = {},
): Promise<Other> {
  const client = new pg.Client({ ...clientConfig(settings, name), ...more });
  client.on('error', () => {}); // shows at the next query
  try {
    await client.connect();
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
  return {
    query: async (text) => [await client.query(text)].flat().at(-1)?.rows ?? [],
    end: () => client.end().catch(() => {}),
  };
}
