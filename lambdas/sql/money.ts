/** Columns of type `money`, which is a whole number of cents that prints and is read as `lc_monetary` says. */
import type { Statement } from '../contract.ts';
import type { MigrationInput } from '../input.ts';
import { statement, USER_SCHEMA } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.ts';

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

export const moneyColumns = (input: Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>): Statement<{ readonly object: string }> =>
  statement(
    `
with recursive ${HOLDING_MONEY}
select format('%I.%I.%I', n.nspname, c.relname, a.attname) as object
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join pg_namespace as n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and a.atttypid in (select oid from holding) and c.relkind = 'r' and ${INCLUDED_TABLE}
order by object
`,
    exclusions(input),
  );

/** How a new session of ours prints money; what our own sessions are pinned to does not count. */
export const monetaryLocale = (): Statement<{ readonly locale: string }> =>
  statement(`select reset_val as locale from pg_settings where name = 'lc_monetary'`);
