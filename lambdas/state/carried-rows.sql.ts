/** The record on the target of the rows that extensions mark as their configuration, as far as the latest execution has carried them. */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.carriedRows;

/** What the latest execution has carried, so that it does so once: an extension at work changes its rows all the while. */
export const createRowsRecord = (): Statement =>
  closed(NAME, `create table if not exists ${TABLE} (execution text not null, outcome jsonb not null)`);

export const rowsRecordExists = () => tableExists(OWN_TABLES.carriedRows);

export const rowsRecorded = <Outcome>(execution: string): Statement<{ readonly outcome: Outcome }> =>
  statement(`select outcome from ${TABLE} where execution = $1::text`, [execution]);

export const recordRows = (execution: string, outcome: string): Statement =>
  bound([execution, outcome])(`
with earlier as (delete from ${TABLE} where true)
insert into ${TABLE} (execution, outcome) values ($1::text, $2::jsonb)
`);
