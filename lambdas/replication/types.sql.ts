/** Types of columns. */
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';

/** Object identifiers below this one are the same on every server (src/include/access/transam.h, FirstNormalObjectId). */
const FIRST_USER_OID = 16_384;

/**
 * Tables with a column that may mean something else in binary on another server. Built-in types with binary functions mean the same, and so do
 * enums, domains, arrays, ranges and composites over them. Types that print a name but send an object identifier (regclass and the like)
 * would arrive as another object; what an extension sends is the extension's own affair, version by version.
 */
export const tablesNeedingText = (tables: readonly { readonly oid: number }[]): Statement<{ readonly oid: number }> =>
  bound([tables.map(({ oid }) => oid)])(`
with recursive used (relation, oid) as (
  select a.attrelid, a.atttypid from pg_attribute as a
  where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped
  union
  select u.relation, part.oid from used as u
  join pg_type as t on t.oid = u.oid
  cross join lateral (
    select t.typbasetype as oid where t.typtype = 'd'
    union all
    select t.typelem where t.typcategory = 'A'
    union all
    select r.rngsubtype from pg_range as r where r.rngtypid = t.oid or to_jsonb(r) ->> 'rngmultitypid' = t.oid::text
    union all
    select a.atttypid from pg_attribute as a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) as part
)
select distinct u.relation::int8::float8 as oid from used as u
join pg_type as t on t.oid = u.oid
where t.typtype not in ('e', 'd', 'r', 'm', 'c') and t.typcategory <> 'A'
  and (t.oid >= ${FIRST_USER_OID} or t.typname like 'reg%' or t.typsend = 0 or t.typreceive = 0)
`);
