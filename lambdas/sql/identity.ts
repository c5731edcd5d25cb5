/** How the rows of a published table are told apart when they are updated or deleted. */
import type { Statement } from '../contract.ts';
import type { MigrationInput } from '../input.ts';
import { statement } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.ts';

export interface IdentityFacts {
  readonly oid: number;
  readonly object: string;
  /** pg_class.relreplident: d default, n nothing, f full, i index. */
  readonly identity: 'd' | 'n' | 'f' | 'i';
  /** Null without a primary key; false where it is DEFERRABLE, which does not count. */
  readonly primaryKeyCounts: boolean | null;
  /** Columns of the primary key, quoted, in its order. */
  readonly primaryKey: string[];
  readonly hasIdentityIndex: boolean;
  /** A unique index that could be the identity, quoted; null if there is none. */
  readonly usableIndex: string | null;
  /** Columns, quoted, whose values no operator can compare, so that a full row cannot be found. */
  readonly incomparable: string[];
  /** Generated columns, quoted, of the identity that is in force: they are not published, so rows cannot be found. */
  readonly generatedKey: string[];
}

const GENERATED_COLUMNS = 12;

/**
 * A column has a comparable type if every type that it consists of has a default btree or hash operator class of its own, through a
 * binary-coercible cast, or as an enum or a range: what the apply worker looks for (tuples_equal in execReplication.c).
 */
const incomparableColumn = `exists (
      with recursive part (oid) as (
        select a.atttypid
        union
        select inner_type.oid
        from part as p
        join pg_type as t on t.oid = p.oid
        cross join lateral (
          select t.typbasetype as oid where t.typtype = 'd'
          union all select t.typelem where t.typcategory = 'A' and t.typelem <> 0
          union all select ca.atttypid from pg_attribute as ca
            where t.typtype = 'c' and ca.attrelid = t.typrelid and ca.attnum > 0 and not ca.attisdropped
        ) as inner_type
      )
      select from part as p
      join pg_type as t on t.oid = p.oid
      where t.typtype = 'b' and t.typcategory <> 'A' and not exists (
        select from pg_opclass as oc
        join pg_am as am on am.oid = oc.opcmethod and am.amname in ('btree', 'hash')
        where oc.opcdefault and (oc.opcintype = t.oid or exists (
          select from pg_cast as ct
          where ct.castsource = t.oid and ct.casttarget = oc.opcintype and ct.castmethod = 'b' and ct.castcontext = 'i'))
      )
    )`;

/** Published tables whose identity is not simply a primary key. */
export function identities(input: Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>, version: number): Statement<IdentityFacts> {
  const generated = version >= GENERATED_COLUMNS ? "a.attgenerated <> ''" : 'false';
  return statement(
    `
with identity as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as object, c.relreplident::text as identity,
    (select i.indimmediate from pg_index as i where i.indrelid = c.oid and i.indisprimary and i.indisvalid) as "primaryKeyCounts",
    exists (select from pg_index as i where i.indrelid = c.oid and i.indisreplident and i.indisvalid) as "hasIdentityIndex",
    array(
      select format('%I', a.attname)
      from pg_index as i
      join pg_attribute as a on a.attrelid = c.oid and a.attnum = any (i.indkey)
      where i.indrelid = c.oid and ${generated}
        and (c.relreplident = 'd' and i.indisprimary or c.relreplident = 'i' and i.indisreplident)
      order by a.attnum
    ) as "generatedKey"
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
)
select i.oid::int8::float8 as oid, i.object, i.identity, i."primaryKeyCounts", i."hasIdentityIndex", i."generatedKey",
  array(
    select format('%I', a.attname)
    from pg_index as u
    cross join lateral unnest(u.indkey::int2[]) with ordinality as k (attnum, place)
    join pg_attribute as a on a.attrelid = i.oid and a.attnum = k.attnum
    where u.indrelid = i.oid and u.indisprimary and k.place <= u.indnkeyatts
    order by k.place
  ) as "primaryKey",
  (
    select format('%I', ic.relname)
    from pg_index as u
    join pg_class as ic on ic.oid = u.indexrelid
    where u.indrelid = i.oid and u.indisunique and u.indimmediate and u.indisvalid and u.indpred is null and u.indexprs is null
      and not exists (
        select from pg_attribute as a
        where a.attrelid = i.oid and a.attnum = any (u.indkey) and (not a.attnotnull or ${generated})
      )
    order by u.indnatts, ic.relname
    limit 1
  ) as "usableIndex",
  array(
    select format('%I', a.attname)
    from pg_attribute as a
    where a.attrelid = i.oid and a.attnum > 0 and not a.attisdropped and not (${generated}) and ${incomparableColumn}
    order by a.attnum
  ) as incomparable
from identity as i
where not (
  (i.identity = 'd' and i."primaryKeyCounts" is true or i.identity = 'i' and i."hasIdentityIndex") and i."generatedKey" = '{}'
)
order by i.object
`,
    exclusions(input),
  );
}
