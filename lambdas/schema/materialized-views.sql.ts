/** Materialized views of the user, from the source's catalog. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, qualified } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

export interface MaterializedView {
  readonly schema: string;
  readonly name: string;
}

/** Those that hold rows: one that was made `with no data` stays as it is. */
export const populatedViews = (input: Exclusions): Statement<MaterializedView> =>
  bound(exclusions(input))(`
select n.nspname::text as schema, c.relname::text as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'm' and c.relispopulated and ${INCLUDED_TABLE}
`);

export const refreshView = ({ schema, name }: MaterializedView): string => `refresh materialized view ${qualified(schema, name)}`;
