/** Published tables that hold nothing, and the publication by which a subscription adds them without copying them. */
import type { TableName } from '../config/input.ts';
import { EMPTY_PUBLICATION, PUBLICATION } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, qualified, statement, USER_SCHEMA } from '../postgres/quote.ts';

/**
 * Published tables, ours excepted, whose files have no page. The size is that of the file as the last commit left it: what an open
 * transaction has truncated or rewritten still counts as it was. Measuring waits for a session that locks a table exclusively, so such
 * a table is passed over.
 */
export const tablesWithoutPages = (schema: string): Statement<TableName> =>
  bound([PUBLICATION, schema])(`
with locked as (
  select l.relation from pg_locks as l join pg_database as d on d.oid = l.database and d.datname = current_database()
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
)
select n.nspname::text as schema, c.relname::text as "table"
from pg_publication as p
join pg_publication_rel as t on t.prpubid = p.oid
join pg_class as c on c.oid = t.prrelid and c.relkind = 'r'
join pg_namespace as n on n.oid = c.relnamespace
where p.pubname = $1::name and n.nspname <> $2::name
  and case when c.oid in (select relation from locked) then false else pg_relation_size(c.oid) = 0 end
order by 1, 2
`);

/** The same of every table that this side has, published or not. */
export const filesWithoutPages = (): Statement<TableName> =>
  statement(`
select n.nspname::text as schema, c.relname::text as "table"
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and ${USER_SCHEMA} and pg_relation_size(c.oid) = 0
`);

/** Always true; refused while it is parsed where anything but a table has the name by now, so that no view of a user's is read. */
const isTable = (name: string): string => `(true or exists (select from only ${name} tablesample pg_catalog.system (0)))`;

/** Those of these tables that hold a row that we can see. */
export const tablesWithRows = (tables: readonly TableName[]): Statement<TableName> =>
  statement(
    tables
      .map(({ schema, table }) => {
        const name = qualified(schema, table);
        return `select ${literal(schema)} as schema, ${literal(table)} as "table" where exists (select from only ${name} where ${isTable(name)})`;
      })
      .join('\nunion all\n'),
  );

const list = (tables: readonly TableName[]): string => tables.map(({ schema, table }) => `only ${qualified(schema, table)}`).join(', ');

/** No kind of change is published, so the application may do to a table whatever it could before. */
export const createEmptyPublication = (tables: readonly TableName[]): Statement =>
  statement(`create publication ${identifier(EMPTY_PUBLICATION)} for table ${list(tables)} with (publish = '')`);

/** Lists nothing, and so tells a subscriber nothing. */
export const createPublicationOfNothing = (): Statement =>
  statement(`create publication ${identifier(EMPTY_PUBLICATION)} with (publish = '')`);

export const listAsEmpty = (tables: readonly TableName[]): Statement =>
  statement(`alter publication ${identifier(EMPTY_PUBLICATION)} add table ${list(tables)}`);

export const dropEmptyPublication = (): Statement => statement(`drop publication if exists ${identifier(EMPTY_PUBLICATION)}`);

export const emptyPublicationExists = (): Statement<{ readonly exists: boolean }> =>
  statement('select exists (select from pg_publication where pubname = $1::name) as exists', [EMPTY_PUBLICATION]);
