/** The identity by which the rows of a published table are found when they are updated or deleted. */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, statement } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

/** Column that a remedy of ours adds where nothing that is there can tell rows apart. */
export const ROW_ID = 'planetscale_row_id';

export interface IdentityFacts {
  readonly oid: number;
  readonly object: string;
  readonly schema: string;
  readonly table: string;
  readonly owner: string;
  /** Whether we own it, or have the rights of its owner: no other role may alter a table. */
  readonly mayAlter: boolean;
  /** pg_class.relreplident: d default, n nothing, f full, i index. */
  readonly identity: 'd' | 'n' | 'f' | 'i';
  /** Null without a primary key; false where it is DEFERRABLE, which does not count. */
  readonly primaryKeyCounts: boolean | null;
  /** Columns of the primary key, quoted, in its order. */
  readonly primaryKey: string[];
  /** Whether the primary key holds a generated column. */
  readonly primaryKeyIsGenerated: boolean;
  readonly hasIdentityIndex: boolean;
  /** A unique index that could be the identity, quoted; null if there is none. */
  readonly usableIndex: string | null;
  readonly usableIndexOid: number | null;
  /** Whether an index narrows down where a row is looked for under FULL, as a subscriber of version 16 and newer does. */
  readonly findsByIndex: boolean;
  /** Columns, quoted, whose values no operator can compare, so that a full row cannot be found. */
  readonly incomparable: string[];
  /** Generated columns, quoted, of the identity that is in force: they are not published, so rows cannot be found. */
  readonly generatedKey: string[];
  /** Whether it has a column that was dropped or is generated: such a column is never sent. */
  readonly hasUnsentColumns: boolean;
  /** Whether FULL would make UPDATE and DELETE fail, because a generated column would have to be published and is not. */
  readonly fullBreaksWrites: boolean;
  /** Whether it has the column {@link ROW_ID}. */
  readonly rowId: boolean;
  /** Of a partition, the table at the top, and whether that has the column {@link ROW_ID}; null for any other table. */
  readonly root: { readonly object: string; readonly rowId: boolean } | null;
  /** All tables that it inherits from, in plain inheritance. */
  readonly ancestors: number[];
  readonly hasChildren: boolean;
  /** Whether it was made `of` a type, which it follows in its columns. */
  readonly isTyped: boolean;
}

const GENERATED_COLUMNS = 12;
/**
 * From here on a table with a generated column, stored or virtual, cannot be updated while it is published under FULL without it ("Replica
 * identity must not contain unpublished generated columns", CheckCmdReplicaIdentity in execReplication.c).
 */
const FULL_HOLDS_GENERATED = 18;

const hasColumn = (relation: string): string =>
  `exists (select from pg_attribute as a where a.attrelid = ${relation} and a.attname = '${ROW_ID}' and not a.attisdropped)`;

/** Facts about an index that could be the identity, by the rules of the server (check in ATExecReplicaIdentity, tablecmds.c). */
const usableIndex = (wanted: string, generated: string): string => `(
    select ${wanted}
    from pg_index as u
    join pg_class as ic on ic.oid = u.indexrelid
    where u.indrelid = i.oid and u.indisunique and u.indimmediate and u.indisvalid and u.indpred is null and u.indexprs is null
      and not exists (
        select from unnest(u.indkey::int2[]) with ordinality as k (attnum, place)
        left join pg_attribute as a on a.attrelid = i.oid and a.attnum = k.attnum and a.attnum > 0
        where k.place <= u.indnkeyatts and (a.attnotnull is not true or ${generated})
      )
    order by u.indnkeyatts, ic.relname
    limit 1
  )`;

/**
 * "Candidate indexes must be btree or hash, non-partial, and the leftmost index field must be a column" (from version 17 on; 16 knows btree only):
 * https://www.postgresql.org/docs/current/logical-replication-publication.html#LOGICAL-REPLICATION-PUBLICATION-REPLICA-IDENTITY
 */
const FINDS_BY_INDEX = `exists (
    select from pg_index as u
    join pg_class as ic on ic.oid = u.indexrelid
    join pg_am as am on am.oid = ic.relam
    where u.indrelid = i.oid and u.indisvalid and u.indpred is null and (u.indkey::int2[])[0] > 0
      and am.amname = any (case when current_setting('server_version_num')::int < 170000 then '{btree}' else '{btree, hash}' end::name[])
  )`;

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

/** Such as 150003. */
export const serverVersionNumber = (): Statement<{ readonly number: number }> =>
  statement(`select current_setting('server_version_num')::int as number`);

/**
 * Published tables whose identity is not simply a primary key.
 * @param version of the server that is asked
 * @param newestPublisher version of the newest server that publishes these tables: this one, and the target where a stream leads back
 */
export function identities(input: Exclusions, version: number, newestPublisher = version): Statement<IdentityFacts> {
  const generated = version >= GENERATED_COLUMNS ? "a.attgenerated <> ''" : 'false';
  return bound([...exclusions(input), newestPublisher])(`
with identity as (
  select c.oid, c.relowner, c.relispartition, c.reloftype, n.nspname, c.relname, format('%I.%I', n.nspname, c.relname) as object,
    c.relreplident::text as identity,
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
select i.oid::int8::float8 as oid, i.object, i.nspname::text as schema, i.relname::text as table,
  pg_get_userbyid(i.relowner)::text as owner, pg_has_role(i.relowner, 'usage') as "mayAlter",
  i.identity, i."primaryKeyCounts", i."hasIdentityIndex", i."generatedKey",
  exists (
    select from pg_index as u
    join pg_attribute as a on a.attrelid = i.oid and a.attnum = any (u.indkey)
    where u.indrelid = i.oid and u.indisprimary and ${generated}
  ) as "primaryKeyIsGenerated",
  array(
    select format('%I', a.attname)
    from pg_index as u
    cross join lateral unnest(u.indkey::int2[]) with ordinality as k (attnum, place)
    join pg_attribute as a on a.attrelid = i.oid and a.attnum = k.attnum
    where u.indrelid = i.oid and u.indisprimary and k.place <= u.indnkeyatts
    order by k.place
  ) as "primaryKey",
  ${usableIndex("format('%I', ic.relname)", generated)} as "usableIndex",
  ${usableIndex('ic.oid::int8::float8', generated)} as "usableIndexOid",
  ${FINDS_BY_INDEX} as "findsByIndex",
  array(
    select format('%I', a.attname)
    from pg_attribute as a
    where a.attrelid = i.oid and a.attnum > 0 and not a.attisdropped and not (${generated}) and ${incomparableColumn}
    order by a.attnum
  ) as incomparable,
  exists (select from pg_attribute as a where a.attrelid = i.oid and a.attnum > 0 and (a.attisdropped or ${generated})) as "hasUnsentColumns",
  exists (select from pg_attribute as a where a.attrelid = i.oid and a.attnum > 0 and ${generated}) and $3::int >= ${FULL_HOLDS_GENERATED}
    as "fullBreaksWrites",
  ${hasColumn('i.oid')} as "rowId",
  (
    with recursive up (oid, height) as (
      select h.inhparent, 1 from pg_inherits as h where h.inhrelid = i.oid and i.relispartition
      union all
      select h.inhparent, up.height + 1 from up join pg_inherits as h on h.inhrelid = up.oid
    )
    select jsonb_build_object('object', format('%I.%I', n.nspname, c.relname), 'rowId', ${hasColumn('c.oid')})
    from up join pg_class as c on c.oid = up.oid join pg_namespace as n on n.oid = c.relnamespace
    order by up.height desc
    limit 1
  ) as root,
  array(
    with recursive up (oid) as (
      select h.inhparent from pg_inherits as h where h.inhrelid = i.oid and not i.relispartition
      union
      select h.inhparent from up join pg_inherits as h on h.inhrelid = up.oid
    )
    select up.oid::int8::float8 from up
  ) as ancestors,
  exists (select from pg_inherits as h where h.inhparent = i.oid) as "hasChildren",
  i.reloftype <> 0 as "isTyped"
from identity as i
where not (
  (i.identity = 'd' and i."primaryKeyCounts" is true or i.identity = 'i' and i."hasIdentityIndex") and i."generatedKey" = '{}'
)
order by i.object
`);
}
