/** Foreign keys of the user, from the source's catalog. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.sql.ts';

export interface ForeignKey {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

/** Foreign keys that refer to a table which stays behind. Tables of extensions are the extension's, so they are there. */
export const foreignKeysToExcluded = (input: Exclusions): Statement<ForeignKey> =>
  bound(exclusions(input))(`
select kn.nspname::text as schema, kc.relname::text as table, k.conname::text as name
from pg_constraint as k
join pg_class as kc on kc.oid = k.conrelid
join pg_namespace as kn on kn.oid = kc.relnamespace
join pg_class as c on c.oid = k.confrelid
join pg_namespace as n on n.oid = c.relnamespace
where k.contype = 'f'
and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
and not (${INCLUDED_TABLE})
order by schema, "table", name
`);

export interface UnloggedChild extends ForeignKey {
  /** The published table that it refers to, as SQL writes it. */
  readonly to: string;
}

/**
 * Foreign keys of unlogged tables to published ones. A subscriber truncates what the publisher says, which leaves unlogged tables out, and
 * nothing more; so it refuses to truncate a table that another refers to (apply_handle_truncate), and the stream stops.
 */
export const foreignKeysOfUnlogged = (input: Exclusions): Statement<UnloggedChild> =>
  bound(exclusions(input))(`
select n.nspname::text as schema, c.relname::text as table, k.conname::text as name,
  (select format('%I.%I', rn.nspname, r.relname) from pg_class as r join pg_namespace as rn on rn.oid = r.relnamespace where r.oid = k.confrelid) as to
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
join pg_namespace as n on n.oid = c.relnamespace
where k.contype = 'f' and c.relpersistence = 'u' and k.conparentid = 0
and exists (select from pg_class as r where r.oid = k.confrelid and r.relpersistence = 'p')
and ${INCLUDED_TABLE}
order by schema, "table", name
`);
