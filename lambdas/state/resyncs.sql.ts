/** Tables whose copy has to be made again, noted on the target until it has begun. */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, qualified, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.resyncs;

export const createResyncs = (): Statement =>
  closed(NAME, `create table if not exists ${TABLE} ("schema" text not null, "table" text not null, primary key ("schema", "table"))`);

export const resyncsExist = () => tableExists(OWN_TABLES.resyncs);

export const resyncs = (): Statement<TableName> => statement(`select "schema", "table" from ${TABLE} order by 1, 2`);

export const recordResyncs = (tables: readonly TableName[]): Statement =>
  bound([JSON.stringify(tables)])(`
insert into ${TABLE} ("schema", "table")
select t."schema", t."table" from jsonb_to_recordset($1::jsonb) as t ("schema" text, "table" text)
on conflict do nothing
`);

export const forgetResyncs = (tables: readonly TableName[]): Statement =>
  bound([JSON.stringify(tables)])(`
delete from ${TABLE} as r
using jsonb_to_recordset($1::jsonb) as t ("schema" text, "table" text)
where r."schema" = t."schema" and r."table" = t."table"
`);

/** Without what hangs below the table: partitions and children are copied by themselves. */
export const emptyTable = ({ schema, table }: TableName): Statement => statement(`truncate only ${qualified(schema, table)}`);
