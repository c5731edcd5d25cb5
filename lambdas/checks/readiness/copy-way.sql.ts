/** What a copy in parts asks of tables. */
import type { Statement } from '../../ports/database.ts';
import { bound } from '../../postgres/quote.ts';

/** Types of which ranges are compared alike in every session, and which a bound parameter can hold. */
const RANGED = ['int2', 'int4', 'int8', 'numeric', 'text', 'varchar', 'bpchar', 'uuid', 'date', 'timestamp', 'timestamptz'];

/** Those of these tables that have no primary key by whose ranges they can be read, largest first. @param oids of the source */
export const unsplittable = (oids: readonly number[]): Statement<{ readonly object: string }> =>
  bound([oids, RANGED])(`
select format('%I.%I', n.nspname, c.relname) as object
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.oid = any ($1::oid[]) and not exists (
  select from pg_index as i
  where i.indrelid = c.oid and i.indisprimary and i.indisvalid and not exists (
    select from pg_attribute as a
    join pg_type as t on t.oid = a.atttypid
    where a.attrelid = i.indexrelid and not (t.typnamespace = 'pg_catalog'::regnamespace and t.typname = any ($2::name[])))
)
order by pg_table_size(c.oid) desc, object
`);
