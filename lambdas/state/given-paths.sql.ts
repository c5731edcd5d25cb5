/** The search_paths that the copy gave to functions of the target, and the record of them there. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.givenPaths;

/** A function and the path that it gets. */
export interface GivenPath {
  readonly routine: string;
  readonly path: readonly string[];
}

/**
 * Gives the paths, and writes down which: a comparison of both sides must not take them for changes. What did not come along, or comes after
 * the copy, is passed over. One transaction with the copy of the schema.
 */
export const givePaths = (paths: readonly GivenPath[]): Statement[] => [
  closed(NAME, `create table ${TABLE} (routine text primary key, path text[] not null)`),
  statement(
    `insert into ${TABLE} (routine, path) select routine, path from jsonb_to_recordset($1::jsonb) as g (routine text, path text[])`,
    [JSON.stringify(paths)],
  ),
  statement(`delete from ${TABLE} as g where to_regprocedure(g.routine) is null`),
  statement(`
do $do$
declare
  g record;
begin
  for g in select routine, (select string_agg(quote_ident(s), ', ' order by n) from unnest(path) with ordinality as p (s, n)) as path from ${TABLE} loop
    execute format('alter routine %s set search_path = %s', to_regprocedure(g.routine), g.path);
  end loop;
end
$do$
`),
];

export const pathsGivenExist = () => tableExists(OWN_TABLES.givenPaths);

/** To be asked only where {@link pathsGivenExist}: what functions of the target differ in from those of the source, because we made it so. */
export const pathsGiven = (): Statement<GivenPath> => statement(`select routine, path from ${TABLE} order by routine`);
