/** The tables of a copy in parts, on the target, and which of them are left to the subscription. */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.copyTables;

/** Pairs of names, from the JSON of an open part. */
const OPEN = `
select x.schema, x."table" from ${OWN_TABLES.copyParts.table} as p
cross join jsonb_to_recordset(p.tables) as x (schema text, "table" text)
where p.done_at is null`;

/** A table of the copy, as it was on the source when the parts were listed. */
export interface CopyTable extends TableName {
  /** Number of the relation on the source, and of its file: another file means that its rows may have moved. */
  readonly relation: number;
  readonly file: number;
  /** With TOAST. */
  readonly bytes: number;
  /** Columns that are copied, in the source's order. */
  readonly columns: readonly string[];
  /** Whether every column of it means the same in binary on both servers. */
  readonly binary: boolean;
}

export const createCopyTables = (): Statement =>
  closed(
    NAME,
    `
create table ${TABLE} (
  schema text not null,
  "table" text not null,
  relation oid not null,
  file oid not null,
  bytes int8 not null,
  columns text[] not null,
  "binary" boolean not null,
  streamed text,
  primary key (schema, "table")
)
`,
  );

/** @param rows at most some thousand, so that the statement stays small */
export const listCopyTables = (rows: readonly CopyTable[]): Statement =>
  bound([JSON.stringify(rows)])(`
insert into ${TABLE} (schema, "table", relation, file, bytes, columns, "binary")
select t.schema, t."table", t.relation::int8::oid, t.file::int8::oid, t.bytes, array(select jsonb_array_elements_text(t.columns)), t."binary"
from jsonb_to_recordset($1::jsonb) as t (schema text, "table" text, relation float8, file float8, bytes float8, columns jsonb, "binary" boolean)
`);

/** Tables of which every part is there, empty ones included; what is left to the stream is not among them. */
export const completeTables = (): Statement<TableName> =>
  statement(`
select t.schema, t."table" from ${TABLE} as t
where t.streamed is null and (t.schema, t."table") not in (${OPEN})
order by 1, 2
`);

/** A table that the subscription copies in place of the workers, and why. */
export interface StreamedTable extends TableName {
  readonly why: string;
}

export const streamedTables = (): Statement<StreamedTable> =>
  statement(`select schema, "table", streamed as why from ${TABLE} where streamed is not null order by 1, 2`);

/** Until the transaction ends no table more is left to the stream. */
export const holdCopyTables = (): Statement => statement(`lock table ${TABLE} in share mode`);

/**
 * Leaves tables to the subscription, for a reason that the operator reads. None of their parts is taken any more. Where the copy is finished,
 * every table that is not left to the stream is there, and stays.
 */
export const leaveToStream = (tables: readonly TableName[], why: string): Statement =>
  bound([JSON.stringify(tables), why])(`
update ${TABLE} as t set streamed = $2::text
from jsonb_to_recordset($1::jsonb) as x (schema text, "table" text)
where t.schema = x.schema and t."table" = x."table" and t.streamed is null
  and exists (select from ${OWN_TABLES.copyPlan.table} where finished_at is null)
`);

/** The same with every table that is not complete. */
export const leaveIncomplete = (why: string): Statement =>
  bound([why])(`
update ${TABLE} set streamed = $1::text
where streamed is null and (schema, "table") in (${OPEN})
`);

/** A table of the copy, by its name. */
export const copyTablesNamed = (tables: readonly TableName[]): Statement<CopyTable> =>
  bound([JSON.stringify(tables)])(`
select t.schema, t."table", t.relation::int8::float8 as relation, t.file::int8::float8 as file, t.bytes::float8, t.columns, t."binary"
from jsonb_array_elements($1::jsonb) with ordinality as e (pair, place)
join ${TABLE} as t on t.schema = e.pair ->> 'schema' and t."table" = e.pair ->> 'table' and t.streamed is null
order by e.place
`);

/** A table of which some parts are there, or are being copied, and others are not. */
export interface TableUnderWay extends TableName {
  readonly parts: number;
  readonly done: number;
  readonly bytes: number;
  readonly bytesDone: number;
}

/** The largest of them. */
export const tablesUnderWay = (most: number): Statement<TableUnderWay> =>
  bound([most])(`
select x.schema, x."table", count(*)::float8 as parts, count(p.done_at)::float8 as done, sum(p.bytes)::float8 as bytes,
  coalesce(sum(p.bytes) filter (where p.done_at is not null), 0)::float8 as "bytesDone"
from ${OWN_TABLES.copyParts.table} as p
cross join jsonb_to_recordset(p.tables) as x (schema text, "table" text)
where p.range is not null
group by 1, 2 having count(p.done_at) < count(*) and count(p.began_at) > 0
order by 5 desc, 1, 2 limit $1::int
`);
