/** Types of columns. */
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';

/** Object identifiers below this one are the same on every server (src/include/access/transam.h, FirstNormalObjectId). */
const FIRST_USER_OID = 16_384;

/**
 * Whether every column of these tables means the same in binary on any server. Built-in types with binary functions do, and so do enums,
 * domains, arrays, ranges and composites over them. Types that print a name but send an object identifier (regclass and the like) would
 * arrive as another object; what an extension sends is the extension's own affair, version by version.
 */
export const travelsInBinary = (tables: readonly { readonly oid: number }[]): Statement<{ safe: boolean }> =>
  bound([tables.map(({ oid }) => oid)])(`
with recursive used (oid) as (
  select a.atttypid from pg_attribute as a
  where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped
  union
  select part.oid from used as u
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
select not exists (
  select from used as u
  join pg_type as t on t.oid = u.oid
  where t.typtype not in ('e', 'd', 'r', 'm', 'c') and t.typcategory <> 'A'
    and (t.oid >= ${FIRST_USER_OID} or t.typname like 'reg%' or t.typsend = 0 or t.typreceive = 0)
) as safe
`);
