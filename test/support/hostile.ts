/** A schema with names that break whatever is not quoted, for tests that need tables on both sides. */
import type { TableName } from '../../lambdas/config/input.ts';
import { identifier, qualified } from '../../lambdas/postgres/quote.ts';
import { createHeartbeat } from '../../lambdas/state/heartbeat.sql.ts';

export const HOSTILE_SCHEMAS = ['public', 'Mixed Case', `it's "quoted" \\ %I`];

/** 63 bytes, the longest that PostgreSQL keeps. */
const LONGEST = `${'ü'.repeat(31)}x`;

export const HOSTILE_TABLES: readonly TableName[] = [
  { schema: 'public', table: 'plain' },
  { schema: 'Mixed Case', table: 'Orders; drop table' },
  { schema: 'Mixed Case', table: LONGEST },
  { schema: `it's "quoted" \\ %I`, table: `a "b" \\ 'c' %s` },
  { schema: `it's "quoted" \\ %I`, table: '表 名' },
];

/** The tables, and the schemas they are in, empty. The same text makes both sides. */
export const hostileSchema = (): string =>
  [
    ...HOSTILE_SCHEMAS.filter((schema) => schema !== 'public').map((schema) => `create schema ${identifier(schema)}`),
    ...HOSTILE_TABLES.map(
      ({ schema, table }) =>
        `create table ${qualified(schema, table)} (id bigint primary key, "Some Text" text, big numeric, made timestamptz default now())`,
    ),
  ].join(';\n');

/** What CopySchema leaves on the target beside the user's schema. */
export const hostileTarget = (): string => `${hostileSchema()};\n${createHeartbeat().text}`;

/** Rows for every table; numbers from `from` on. */
export const hostileRows = (from: number, count: number): string =>
  HOSTILE_TABLES.map(
    ({ schema, table }) => `insert into ${qualified(schema, table)}
select n, 'row ' || n || ' ünïcödé "''\\', n * 1.5, now() from generate_series(${from}, ${from + count - 1}) as n`,
  ).join(';\n');
