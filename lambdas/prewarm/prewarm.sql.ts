/** pg_prewarm on the target (https://www.postgresql.org/docs/current/pgprewarm.html). */
import type { Statement } from '../ports/database.ts';
import { bound, statement, USER_SCHEMA } from '../postgres/quote.ts';

export const PREWARM = 'pg_prewarm';

/** The schema of its functions; no row where it is not installed. */
export const prewarmSchema = (): Statement<{ readonly schema: string }> =>
  statement(`select extnamespace::regnamespace::text as schema from pg_extension where extname = '${PREWARM}'`);

/** For the rest of a transaction, which drops it again. */
export const createPrewarm = (): Statement => statement(`create extension ${PREWARM} schema public`);
export const dropPrewarm = (): Statement => statement(`drop extension ${PREWARM}`);

/** A table, materialized view or index with something in it. */
export interface Warmable {
  readonly oid: string;
  readonly blocks: number;
}

/** The user's own, the largest first. */
export const warmables = (): Statement<Warmable> =>
  statement(`
select c.oid::text as oid, (pg_relation_size(c.oid) / current_setting('block_size')::int)::float8 as blocks
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'i') and c.relpersistence = 'p' and ${USER_SCHEMA} and pg_relation_size(c.oid) > 0
order by 2 desc, c.oid
`);

/** Pages that shared_buffers holds. */
export const bufferBlocks = (): Statement<{ readonly blocks: number }> =>
  statement(`
select (pg_size_bytes(current_setting('shared_buffers')) / current_setting('block_size')::int)::float8 as blocks
`);

/** @param schema as SQL writes it @returns pages that were read; none where the relation is gone or has shrunk since */
export const warm = (schema: string, oid: string, first: number, last: number): Statement<{ readonly blocks: number }> =>
  bound([oid, first, last])(`
select ${schema}.pg_prewarm(c.oid::regclass, 'buffer', 'main', $2::int8, least($3::int8, s.blocks - 1))::float8 as blocks
from pg_class as c
cross join lateral (select pg_relation_size(c.oid) / current_setting('block_size')::int as blocks) as s
where c.oid = $1::oid and s.blocks > $2::int8
`);
