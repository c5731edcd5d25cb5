/** Columns of type `money`, which is a whole number of cents that prints and is read as `lc_monetary` says. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement, USER_SCHEMA } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.sql.ts';

/** `with recursive` that names the types that are money or hold it: domains, arrays, ranges and composites. */
export const HOLDING_MONEY = `holding (oid) as (
  select 'pg_catalog.money'::regtype::oid
  union
  select t.oid from holding as h
  join pg_type as t on (t.typtype = 'd' and t.typbasetype = h.oid) or (t.typcategory = 'A' and t.typelem = h.oid)
    or (t.typtype = 'r' and h.oid = (select g.rngsubtype from pg_range as g where g.rngtypid = t.oid))
    or (t.typtype = 'c' and exists (select from pg_attribute as a where a.attrelid = t.typrelid and a.atttypid = h.oid and not a.attisdropped))
)`;

/** Condition: some table of the user has a column of a type in {@link HOLDING_MONEY}. */
export const KEEPS_MONEY = `exists (
  select from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  join pg_namespace as n on n.oid = c.relnamespace
  where a.attnum > 0 and not a.attisdropped and a.atttypid in (select oid from holding) and c.relkind = 'r' and ${USER_SCHEMA})`;

export const moneyColumns = (input: Exclusions): Statement<{ readonly object: string }> =>
  bound(exclusions(input))(`
with recursive ${HOLDING_MONEY}
select format('%I.%I.%I', n.nspname, c.relname, a.attname) as object
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join pg_namespace as n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and a.atttypid in (select oid from holding) and c.relkind = 'r' and ${INCLUDED_TABLE}
order by object
`);

/**
 * The locale in which the application's sessions print money, as far as it is known: as the database says, else as the server does, which a
 * session of a role with a setting of its own (`worker-pins.ts`) cannot tell.
 */
export const monetaryLocale = (): Statement<{ readonly locale: string | null }> =>
  statement(`
with said as (
  select d.setdatabase, r.rolname, substr(entry, length('lc_monetary=') + 1) as locale
  from pg_db_role_setting as d
  left join pg_roles as r on r.oid = d.setrole
  cross join unnest(d.setconfig) as entry
  where starts_with(entry, 'lc_monetary=') and (d.setrole = 0 or r.rolname = current_user)
    and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
)
select coalesce((select locale from said where rolname is null order by setdatabase desc limit 1),
  (select reset_val from pg_settings where name = 'lc_monetary' and not exists (select from said))) as locale
`);
