/**
 * Columns whose values mean something on this server only, and partitions that rows find by such values. Read from catalogs, through arrays,
 * domains, ranges and composite types.
 */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, statement, USER_SCHEMA } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

/** One step from a type to those that it consists of. `p.type` is the oid of the former. */
const PARTS_OF_TYPE = `
select t.typbasetype as oid from pg_type as t where t.oid = p.type and t.typtype = 'd'
union all
select t.typelem from pg_type as t where t.oid = p.type and t.typcategory = 'A' and t.typelem <> 0
union all
select r.rngsubtype from pg_range as r where r.rngtypid = p.type or to_jsonb(r) ->> 'rngmultitypid' = p.type::text
union all
select a.atttypid from pg_type as t join pg_attribute as a on a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
where t.oid = p.type and t.typtype = 'c'`;

/** Types within those of columns: relation, column, type. Only relations with rows of their own: not partitioned parents. */
const COLUMN_TYPES = `
column_type (relid, attnum, type) as (
  select c.oid, a.attnum, a.atttypid
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
  union
  select p.relid, p.attnum, x.oid from column_type as p cross join lateral (${PARTS_OF_TYPE} offset 0) as x
)`;

const COLUMN = `format('%I.%I.%I', n.nspname, c.relname, a.attname)`;
const OF_COLUMN = `
join pg_class as c on c.oid = p.relid
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = p.relid and a.attnum = p.attnum`;

export interface PeculiarColumn {
  readonly object: string;
  readonly type: string;
}

/** Columns that hold one of these types of the server's own, somewhere; of tables without a single page left out. */
export const columnsHolding = (input: Exclusions, types: readonly string[]): Statement<PeculiarColumn> =>
  bound([...exclusions(input), [...types]])(`
with recursive ${COLUMN_TYPES}
select ${COLUMN} as object, string_agg(distinct t.typname::text, ', ') as type
from column_type as p
join pg_type as t on t.oid = p.type and t.typnamespace = 'pg_catalog'::regnamespace and t.typname = any ($3::name[])
${OF_COLUMN}
where pg_relation_size(c.oid) > 0
group by 1
order by object
`);

/**
 * Columns, views and functions whose texts call functions that return transaction ids or WAL positions of this server. Built-in functions
 * server are in no pg_depend before version 14, so the texts are searched; a text with such a name in a comment is listed without need.
 */
export const textsCalling = (input: Exclusions, pattern: string): Statement<{ object: string }> =>
  bound([...exclusions(input), pattern])(`
select 'default of ' || ${COLUMN} as object
from pg_attrdef as d
join pg_class as c on c.oid = d.adrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = d.adrelid and a.attnum = d.adnum
where pg_get_expr(d.adbin, d.adrelid) ~ $3::text and ${INCLUDED_TABLE}
union all
select case c.relkind when 'v' then 'view ' else 'materialized view ' end || format('%I.%I', n.nspname, c.relname)
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and ${INCLUDED_TABLE} and pg_get_viewdef(c.oid) ~ $3::text
union all
select 'function ' || format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where p.prosrc ~ $3::text and ${USER_SCHEMA} and n.nspname <> all ($1::text[])
  and not exists (select from pg_depend as e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
union all
select 'policy ' || quote_ident(o.polname) || ' on ' || format('%I.%I', n.nspname, c.relname)
from pg_policy as o join pg_class as c on c.oid = o.polrelid join pg_namespace as n on n.oid = c.relnamespace
where concat_ws(' ', pg_get_expr(o.polqual, o.polrelid), pg_get_expr(o.polwithcheck, o.polrelid)) ~ $3::text and ${INCLUDED_TABLE}
order by 1
`);

/** The next transaction's number, epoch included; it is asked without taking one. Numbers as text: they may be larger than a float holds. */
export const nextTransaction = (): Statement<{ next: string }> =>
  statement(`select txid_snapshot_xmax(txid_current_snapshot())::text as next`);

export interface PeculiarKey {
  /** The partitioned table. */
  readonly object: string;
  readonly strategy: 'h' | 'r';
  /** Type in its key, such as `shop.state`. */
  readonly type: string;
}

/** Operator classes for any type of a kind: all that is known of an expression. */
const ANY_OF_A_KIND = "'{anyenum, anyarray, anyrange, anymultirange, record}'::name[]";

/**
 * Partitioned tables whose leaves are streamed and whose key holds what another server hashes or orders otherwise: an enum or an object of the
 * catalog stands there as its number, which differs; enums are ordered by their labels, and so are at home in ranges.
 */
export const peculiarPartitionKeys = (input: Exclusions): Statement<PeculiarKey> =>
  bound(exclusions(input))(`
with recursive key_type (relid, strategy, computed, type) as (
  select x.partrelid, x.partstrat::text, a.attnum is null, coalesce(a.atttypid, oc.opcintype)
  from pg_partitioned_table as x
  join pg_class as c on c.oid = x.partrelid
  join pg_namespace as n on n.oid = c.relnamespace
  cross join lateral generate_series(0, x.partnatts - 1) as k (at)
  join pg_opclass as oc on oc.oid = x.partclass[k.at]
  left join pg_attribute as a on a.attrelid = x.partrelid and a.attnum = x.partattrs[k.at] and a.attnum > 0
  where ${INCLUDED_TABLE} and x.partstrat in ('h', 'r') and exists (select from pg_inherits as i where i.inhparent = c.oid)
  union
  select p.relid, p.strategy, p.computed, x.oid from key_type as p cross join lateral (${PARTS_OF_TYPE} offset 0) as x
)
select format('%I.%I', n.nspname, c.relname) as object, p.strategy,
  string_agg(distinct case when p.computed then 'an expression of ' else '' end || format_type(t.oid, null), ', ') as type
from key_type as p
join pg_type as t on t.oid = p.type
join pg_class as c on c.oid = p.relid
join pg_namespace as n on n.oid = c.relnamespace
where t.typnamespace = 'pg_catalog'::regnamespace and t.typname ~ '^reg' and t.typtype = 'b' and t.typcategory <> 'A'
  or p.strategy = 'h' and (t.typtype = 'e' or p.computed and t.typname = any (${ANY_OF_A_KIND}))
group by 1, 2
order by object
`);

/** Hash partitions by text under a collation for which different bytes may be equal, from version 12 on: ICU's sort key is hashed. */
export const partitionsBySortKey = (input: Exclusions): Statement<{ object: string }> =>
  bound(exclusions(input))(`
select format('%I.%I (%s)', n.nspname, c.relname, string_agg(format('%I', co.collname), ', ')) as object
from pg_partitioned_table as x
join pg_class as c on c.oid = x.partrelid
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral generate_series(0, x.partnatts - 1) as k (at)
join pg_collation as co on co.oid = x.partcollation[k.at]
where ${INCLUDED_TABLE} and x.partstrat = 'h' and to_jsonb(co) ->> 'collisdeterministic' = 'false'
group by n.nspname, c.relname
order by object
`);

export interface LongValues {
  readonly object: string;
  /** Bytes of TOAST for each row, as it is stored. */
  readonly bytesPerRow: number;
}

/**
 * Tables that may hold a row whose text is longer than what a server can send, by the size of their TOAST table for each row: pglz makes at
 * most 90 bytes out of one. Rows are estimated: by ANALYZE, by the counters, or as one a page.
 * @param bytea bytes in a row from which bytea can be too long; `other` the same of everything else
 */
export const tablesWithLongValues = (input: Exclusions, { bytea, other }: { bytea: number; other: number }): Statement<LongValues> =>
  bound([...exclusions(input), bytea, other])(`
with sized as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as object, pg_table_size(c.reltoastrelid) / greatest(1, coalesce(
    nullif(greatest(c.reltuples, 0), 0), nullif(pg_stat_get_live_tuples(c.oid), 0), pg_relation_size(c.oid) / 8192)) as per_row
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence = 'p' and c.reltoastrelid <> 0 and ${INCLUDED_TABLE}
)
select object, round(per_row::numeric)::float8 as "bytesPerRow"
from sized as s
where per_row >= $4::float8 or per_row >= $3::float8 and exists (
  select from pg_attribute as a where a.attrelid = s.oid and not a.attisdropped and a.atttypid in ('bytea'::regtype, 'bytea[]'::regtype))
order by object
`);
