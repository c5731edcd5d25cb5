/** Invalid indexes. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

export interface InvalidIndex {
  /** The index and its table, as SQL writes them. */
  readonly object: string;
  /** Whether it belongs to a partitioned table: it holds no rows, and is invalid as long as a partition lacks its part. */
  readonly partitioned: boolean;
}

export const invalidIndexes = (input: Exclusions): Statement<InvalidIndex> =>
  bound(exclusions(input))(`
select format('%I.%I on %I.%I', n.nspname, ic.relname, n.nspname, c.relname) as object, ic.relkind = 'I' as partitioned
from pg_index as i
join pg_class as ic on ic.oid = i.indexrelid
join pg_class as c on c.oid = i.indrelid
join pg_namespace as n on n.oid = c.relnamespace
where not (i.indisvalid and i.indisready and i.indislive) and ${INCLUDED_TABLE}
order by object
`);
