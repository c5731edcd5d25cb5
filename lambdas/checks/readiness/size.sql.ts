/** Disk space. */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

/** Bytes of the indexes of all published tables. */
export const indexBytes = (input: Exclusions): Statement<{ bytes: number }> =>
  bound(exclusions(input))(`
select coalesce(sum(pg_indexes_size(c.oid)), 0)::float8 as bytes
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
`);
