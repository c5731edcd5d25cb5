/** The parameters of a stand-in's cluster: what PlanetScale lets be changed, and what of it takes a restart. */
import type { Sql } from './sql.ts';

/** One parameter, with the value that it is configured to have. */
export interface Parameter {
  readonly namespace: 'pgconf' | 'patroni' | 'pgbouncer';
  readonly name: string;
  readonly type: 'integer' | 'boolean' | 'select' | 'array' | 'bytes';
  readonly restart: boolean;
  readonly immutable: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly options?: readonly string[];
  readonly defaultValue: string;
  value: string;
}

/** Where the names of the logical slots stand that a switchover carries over. PlanetScale does not document the name of this parameter. */
export const SLOT_LIST = { namespace: 'patroni', name: 'logical_slots' } as const;

type Known = Omit<Parameter, 'namespace' | 'defaultValue' | 'value' | 'immutable'> & { readonly immutable?: true };

/** Of PostgreSQL. https://planetscale.com/docs/postgres/cluster-configuration/parameters */
const POSTGRES: readonly Known[] = [
  { name: 'wal_level', type: 'select', restart: true, options: ['replica', 'logical'] },
  { name: 'max_worker_processes', type: 'integer', restart: true, min: 1, max: 256 },
  { name: 'max_logical_replication_workers', type: 'integer', restart: true, min: 0, max: 128 },
  { name: 'max_replication_slots', type: 'integer', restart: true, min: 1, max: 128 },
  { name: 'max_active_replication_origins', type: 'integer', restart: true, min: 0, max: 128 },
  { name: 'max_wal_senders', type: 'integer', restart: true, min: 1, max: 128 },
  { name: 'max_connections', type: 'integer', restart: true, min: 25, max: 5_000 },
  { name: 'shared_buffers', type: 'bytes', restart: true, immutable: true },
  { name: 'max_sync_workers_per_subscription', type: 'integer', restart: false, min: 0, max: 64 },
  { name: 'max_parallel_apply_workers_per_subscription', type: 'integer', restart: false, min: 0, max: 64 },
  { name: 'max_parallel_maintenance_workers', type: 'integer', restart: false, min: 0, max: 64 },
  { name: 'max_slot_wal_keep_size', type: 'integer', restart: false, min: -1, max: 2_147_483_647 },
  { name: 'hot_standby_feedback', type: 'boolean', restart: false },
  { name: 'sync_replication_slots', type: 'boolean', restart: false },
];

/** Those that the server knows, as it has them. */
export async function parametersOf(sql: Sql): Promise<Parameter[]> {
  const rows = await sql(
    `select name, case when unit = '8kB' then pg_size_pretty(setting::bigint * 8192) else setting end as value from pg_settings`,
  );
  const values = new Map(rows.map(({ name, value }) => [String(name), String(value)]));
  const own = POSTGRES.flatMap((known): Parameter[] => {
    const value = values.get(known.name);
    return value === undefined ? [] : [{ immutable: false, ...known, namespace: 'pgconf', defaultValue: value, value }];
  });
  return [
    ...own,
    { ...SLOT_LIST, type: 'array', restart: false, immutable: false, defaultValue: '', value: '' },
    // Of the pooler; no name of it is one of PostgreSQL's here, but a reader must not take them for such.
    {
      namespace: 'pgbouncer',
      name: 'max_client_conn',
      type: 'integer',
      restart: false,
      immutable: false,
      min: 1,
      defaultValue: '1000',
      value: '1000',
    },
  ];
}

/** Why a value is refused; undefined where it is not. */
export function refusalOf(parameter: Parameter, value: string): string | undefined {
  const { name, type, immutable, min, max, options } = parameter;
  if (immutable) return `${name} cannot be changed`;
  if (options && !options.includes(value)) return `${name} must be one of ${options.join(', ')}`;
  if (type === 'boolean' && !['on', 'off', 'true', 'false'].includes(value)) return `${name} must be a boolean`;
  if (type !== 'integer') return undefined;
  const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) return `${name} must be an integer`;
  if ((min !== undefined && number < min) || (max !== undefined && number > max)) return `${name} must be between ${min} and ${max}`;
  return undefined;
}
