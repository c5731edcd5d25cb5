/** The data that is moved: three tables of a shop's size and shape, with about as many bytes of secondary indexes as of rows. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';

/** Bytes that one row of each table takes on disk, measured: what turns megabytes into rows. */
const ROW_BYTES = { orders: 135, items: 60, events: 205 };
/** Share of the whole that each table gets. */
const SHARES = { orders: 0.4, items: 0.3, events: 0.3 };

const rowsOf = (table: keyof typeof SHARES, megabytes: number): number =>
  Math.round((megabytes * 1_000_000 * SHARES[table]) / ROW_BYTES[table]);

/** Values look random to an index, and are the same in every run. */
const scatter = (n: string, range: number): string => `(hashint8(${n}) & 2147483647) % ${range}`;

const statements = (megabytes: number): string[] => [
  `create table orders (id bigint primary key, customer int not null, code text not null, placed timestamptz not null, total numeric(12, 2) not null, note text)`,
  `insert into orders select n, ${scatter('n', 500_000)}, md5(n::text), timestamptz '2026-01-01' + ${scatter('n + 1', 20_000_000)} * interval '1 second',
    ${scatter('n + 2', 100_000)} / 100.0, 'note ' || md5((n + 7)::text) from generate_series(1::int8, ${rowsOf('orders', megabytes)}) as n`,
  `create table items (order_id bigint not null, line int not null, product int not null, quantity int not null, price numeric(10, 2) not null, primary key (order_id, line))`,
  `insert into items select n / 4, n % 4, ${scatter('n', 80_000)}, ${scatter('n + 1', 9)} + 1, ${scatter('n + 2', 50_000)} / 100.0
    from generate_series(1::int8, ${rowsOf('items', megabytes)}) as n`,
  `create table events (id bigint primary key, customer int not null, kind text not null, at timestamptz not null, payload jsonb not null)`,
  `insert into events select n, ${scatter('n', 500_000)}, 'kind ' || ${scatter('n + 1', 40)}, timestamptz '2026-01-01' + n * interval '1 second',
    jsonb_build_object('page', '/p/' || ${scatter('n + 2', 5_000)}, 'session', md5(n::text), 'agent', md5((n % 900)::text), 'ms', ${scatter('n + 3', 3_000)})
    from generate_series(1::int8, ${rowsOf('events', megabytes)}) as n`,
  'create index on orders (customer, placed)',
  'create index on orders (placed)',
  'create index on orders (code)',
  'create index on orders (total)',
  'create index on items (product)',
  'create index on items (product, price)',
  'create index on events (customer, at)',
  'create index on events (kind, at)',
  `create index on events ((payload ->> 'session'))`,
  'analyze',
];

export interface SampleSize {
  readonly tables: number;
  readonly indexes: number;
}

/** Fills an empty database. @returns bytes of tables and of indexes */
export async function fill(database: ConnectionSettings, megabytes: number): Promise<SampleSize> {
  const client = new pg.Client(clientConfig(database, 'benchmark'));
  await client.connect();
  try {
    for (const text of statements(megabytes)) await client.query(text);
    const { rows } = await client.query(
      `select sum(pg_table_size(oid))::float8 as tables, sum(pg_indexes_size(oid))::float8 as indexes
       from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    );
    return rows[0];
  } finally {
    await client.end();
  }
}

/** Row counts, to check that every contender has done the same work. */
export async function countAll(database: ConnectionSettings): Promise<string> {
  const client = new pg.Client(clientConfig(database, 'benchmark'));
  await client.connect();
  try {
    const { rows } = await client.query(
      `select (select count(*) from orders) as orders, (select count(*) from items) as items, (select count(*) from events) as events,
       (select count(*) from pg_index as i join pg_class as c on c.oid = i.indrelid
        where c.relnamespace = 'public'::regnamespace and i.indisvalid) as indexes`,
    );
    return JSON.stringify(rows[0]);
  } finally {
    await client.end();
  }
}
