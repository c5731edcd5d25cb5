/** The tables of a copy in parts, as the source and the target have them. Catalogs only. */
import type { Exclusions, TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement, USER_SCHEMA } from '../postgres/quote.ts';
import { REPLICATED_COLUMNS } from '../postgres/table-shape.sql.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

/** A column of a key by which a table can be split. */
export interface KeyColumn {
  readonly column: string;
  /** Built-in, as SQL writes it. */
  readonly type: string;
}

/** A published table, with what splitting it takes. */
export interface SourceTable extends TableName {
  readonly oid: number;
  /** Of the file in which its rows are; null where the table was gone a moment later. */
  readonly file: number | null;
  /** Main fork, TOAST and free-space map, without indexes. */
  readonly bytes: number;
  readonly indexBytes: number;
  readonly pages: number;
  /** Columns that are copied: generated ones are computed by the target. */
  readonly columns: readonly string[];
  /** Of the primary key, where every column is of a type whose order and text a query can take back; empty otherwise. */
  readonly key: readonly KeyColumn[];
}

/** Built-in types whose values can be printed and read back to the same place in the key's order. */
const KEY_TYPES = ['int2', 'int4', 'int8', 'numeric', 'text', 'varchar', 'bpchar', 'uuid', 'date', 'timestamp', 'timestamptz'];

const each = (alias: string, rows: string): string => `cross join lateral (${rows} offset 0) as ${alias}`;

/** As `publishedTables` lists them. */
export const sourceTablesToCopy = (input: Exclusions): Statement<SourceTable> =>
  bound([...exclusions(input), KEY_TYPES])(`
select c.oid::int8::float8 as oid, n.nspname::text as schema, c.relname::text as table,
  pg_relation_filenode(c.oid)::int8::float8 as file, pg_table_size(c.oid)::float8 as bytes, pg_indexes_size(c.oid)::float8 as "indexBytes",
  (pg_relation_size(c.oid) / current_setting('block_size')::int)::float8 as pages, a.columns, k.key
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
${REPLICATED_COLUMNS}
${each(
  'k',
  `select case when bool_and(coalesce(t.typname = any ($3::name[]) and t.typnamespace = 'pg_catalog'::regnamespace, false))
    then json_agg(json_build_object('column', a.attname, 'type', format('pg_catalog.%I', t.typname)) order by k.place) else '[]' end as key
  from pg_index as i cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
  join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
  join pg_type as t on t.oid = a.atttypid
  where i.indrelid = c.oid and i.indisprimary and i.indisvalid and k.place <= i.indnkeyatts`,
)}
where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
order by schema, "table"
`);

/** Files of the tables as the snapshot of the session knows them; for a role that may only read. */
export const filesInSnapshot = (): Statement<{ readonly oid: number; readonly file: number }> =>
  statement(`
select c.oid::pg_catalog.int8::pg_catalog.float8 as oid, c.relfilenode::pg_catalog.int8::pg_catalog.float8 as file
from pg_catalog.pg_class as c where c.relkind = 'r' and c.relpersistence = 'p'
`);

/** Tables of the target that the copy role cannot fill, with the reason. */
export const tablesClosedTo = (role: string): Statement<TableName & { readonly why: string }> =>
  bound([role])(`
select n.nspname::text as schema, c.relname::text as table,
  case when c.relrowsecurity and not r.rolbypassrls and not r.rolsuper then 'row-level security'
    else 'the role of the copy may not write to it' end as why
from pg_roles as r
cross join pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where r.rolname = $1::name and c.relkind = 'r' and ${USER_SCHEMA}
  and (c.relrowsecurity and not r.rolbypassrls and not r.rolsuper
    or not has_schema_privilege(r.oid, n.oid, 'usage') or not has_table_privilege(r.oid, c.oid, 'insert')
    or not has_table_privilege(r.oid, c.oid, 'select') or not has_table_privilege(r.oid, c.oid, 'truncate'))
`);
