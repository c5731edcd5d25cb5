/** Settings of a database and of a role that would break whatever does not pin its own. */
import { identifier, literal } from '../../lambdas/postgres/quote.ts';
import { sqlOn, type World } from './world.ts';

interface HostileSetting {
  readonly name: string;
  readonly value: string;
  /** Major version that knows it. @default - all */
  readonly since?: number;
}

/** Another value for everything that our sessions pin. Limits are long enough for a session to be opened at all. */
const HOSTILE: readonly HostileSetting[] = [
  { name: 'statement_timeout', value: '2345ms' },
  { name: 'transaction_timeout', value: '2345ms', since: 17 },
  { name: 'lock_timeout', value: '7ms' },
  { name: 'idle_in_transaction_session_timeout', value: '2345ms' },
  { name: 'idle_session_timeout', value: '2345ms', since: 14 },
  { name: 'client_connection_check_interval', value: '100ms', since: 14 },
  { name: 'default_transaction_isolation', value: 'serializable' },
  { name: 'default_transaction_read_only', value: 'on' },
  { name: 'default_transaction_deferrable', value: 'on' },
  { name: 'synchronous_commit', value: 'off' },
  { name: 'role', value: 'somebody_else' },
  { name: 'quote_all_identifiers', value: 'on' },
  { name: 'search_path', value: 'planted, pg_catalog, public' },
  { name: 'row_security', value: 'on' },
  { name: 'DateStyle', value: 'German, DMY' },
  { name: 'IntervalStyle', value: 'sql_standard' },
  { name: 'TimeZone', value: 'Asia/Kathmandu' },
  { name: 'bytea_output', value: 'escape' },
  { name: 'extra_float_digits', value: '-10' },
  { name: 'lc_monetary', value: 'POSIX' },
  { name: 'xmlbinary', value: 'hex' },
  { name: 'xmloption', value: 'document' },
  { name: 'standard_conforming_strings', value: 'off' },
  { name: 'array_nulls', value: 'off' },
  { name: 'exit_on_error', value: 'on' },
  { name: 'client_min_messages', value: 'debug1' },
];

export const hostileTo = (version: number): HostileSetting[] => HOSTILE.filter(({ since = 0 }) => version >= since);

/** For whom a setting is made; each wins over the one before. */
export type Reach = 'database' | 'role' | 'role in database';
export const REACHES: readonly Reach[] = ['database', 'role', 'role in database'];

/** As the superuser, outside of the database: inside of it the next session would have them as well. */
export async function beHostile(world: World, side: 'source' | 'target', reach: Reach, settings: readonly HostileSetting[]): Promise<void> {
  const user = world.database.roles[side];
  const [role, database] = [identifier(user), identifier(world.database.name)];
  const whom = { database: `database ${database}`, role: `role ${role}`, 'role in database': `role ${role} in database ${database}` }[
    reach
  ];
  const outside = sqlOn(world.pair[side].superuser('postgres'));
  for (const { name, value } of settings) {
    // A list is no list in quotes.
    await outside(`alter ${whom} set ${name} = ${name === 'search_path' ? value : literal(value)}`);
  }
}

export async function beFriendly(world: World, side: 'source' | 'target'): Promise<void> {
  const user = world.database.roles[side];
  const [role, database] = [identifier(user), identifier(world.database.name)];
  const outside = sqlOn(world.pair[side].superuser('postgres'));
  for (const whom of [`database ${database}`, `role ${role}`, `role ${role} in database ${database}`])
    await outside(`alter ${whom} reset all`);
}
