/**
 * Objects that CopySchema made on the target, by the target's own object identifiers, so that exactly this can be dropped again. A name would not
 * do: a table that another session dropped and made anew under its name is not ours.
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement, USER_SCHEMA } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.copiedObjects;
const { table: POST_DATA } = OWN_TABLES.postData;

/**
 * Every object of the user that `drop` takes by itself: what a schema contains says so in pg_depend, and the rest lives in no schema.
 * Members of extensions and parts of other objects, such as the sequence of an identity column, go with those.
 */
const OBJECTS = `
select o.classid, o.objid
from (
  select d.classid, d.objid from pg_depend as d
  join pg_namespace as n on d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid
  where d.deptype = 'n' and ${USER_SCHEMA}
  union select 'pg_namespace'::regclass, n.oid from pg_namespace as n where ${USER_SCHEMA}
  union select 'pg_extension'::regclass, oid from pg_extension
  union select 'pg_cast'::regclass, oid from pg_cast
  union select 'pg_event_trigger'::regclass, oid from pg_event_trigger
  union select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
  union select 'pg_foreign_server'::regclass, oid from pg_foreign_server
  union select 'pg_language'::regclass, oid from pg_language
  union select 'pg_transform'::regclass, oid from pg_transform
  union select 'pg_am'::regclass, oid from pg_am
) as o
where not exists (select from pg_depend as d where d.classid = o.classid and d.objid = o.objid and d.deptype in ('e', 'i'))`;

/** Before the copy, in its transaction: what is there already. */
export const noteObjectsThere = (): Statement[] => [
  closed(NAME, `create table ${TABLE} (classid oid not null, objid oid not null, primary key (classid, objid))`),
  statement(`insert into ${TABLE} ${OBJECTS}`),
];

/** After the copy, in the same transaction: what has come since takes the place of what was there before. */
export const keepWhatWasCopied = (): Statement =>
  statement(`
with earlier as (delete from ${TABLE} where objid is not null returning classid, objid)
insert into ${TABLE} select * from (${OBJECTS}) as o except select * from earlier
`);

export const copiedObjectsExist = () => tableExists(OWN_TABLES.copiedObjects);

/** Number of those that are still to be dropped. */
export const copiedObjectsLeft = (): Statement<{ readonly left: number }> => statement(`select count(*)::float8 as left from ${TABLE}`);

/**
 * Objects that would be dropped with the copied ones and are not a part of any: tables made by others in a copied schema, views on a copied table,
 * columns of a copied type. What BuildIndexes made belongs to the copy.
 */
export const inTheWayOfDropping = (most: number): Statement<{ readonly object: string }> =>
  bound([most])(`
with recursive made (classid, objid) as (
  select classid, objid from ${TABLE}
  union
  select 'pg_class'::regclass, c.oid from ${POST_DATA} as w
  join pg_namespace as n on n.nspname = w.on_schema
  join pg_class as c on c.relnamespace = n.oid and c.relname = w.on_table
  where w.kind = 'definition' and w.finished_at is not null
  union
  select 'pg_proc'::regclass, p.oid from ${POST_DATA} as w
  join pg_namespace as n on n.nspname = w.on_schema
  join pg_proc as p on p.pronamespace = n.oid and p.proname = w.on_table
  where w.kind = 'definition' and w.finished_at is not null
  union
  select 'pg_event_trigger'::regclass, e.oid from ${POST_DATA} as w
  join pg_event_trigger as e on e.evtname = w.object
  where w.kind = 'event trigger' and w.finished_at is not null
), doomed (classid, objid) as (
  select classid, objid from made
  union
  select d.classid, d.objid from doomed as o
  join pg_depend as d on d.refclassid = o.classid and d.refobjid = o.objid
), ownership as materialized (
  select classid, objid, refclassid, refobjid, refobjsubid,
    exists (select from doomed as o where o.classid = refclassid and o.objid = refobjid) as doomed
  from pg_depend where deptype in ('a', 'i', 'e', 'P', 'S')
)
select distinct coalesce(
  (select pg_describe_object(p.refclassid, p.refobjid, 0) from ownership as p where p.classid = o.classid and p.objid = o.objid limit 1),
  pg_describe_object(o.classid, o.objid, 0)) as object
from doomed as o
where not exists (select from made as m where m.classid = o.classid and m.objid = o.objid)
  and not exists (select from ownership as p where p.classid = o.classid and p.objid = o.objid and p.doomed)
order by object
limit $1::int
`);

/**
 * Drops some of the copied objects with all that hangs on them, tables first, so that one transaction needs no more locks than the server
 * has. Only where nothing is {@link inTheWayOfDropping}. The server quotes the names that it returns.
 */
export const dropCopiedObjects = (most: number): Statement =>
  statement(`
do $do$
declare
  o record;
begin
  for o in
    select c.classid, c.objid, i.identity, case
      when i.type in ('function', 'procedure', 'aggregate') then 'routine'
      when i.type = 'statistics object' then 'statistics'
      when i.type = 'foreign-data wrapper' then 'foreign data wrapper'
      else i.type end as kind
    from ${TABLE} as c
    cross join lateral pg_identify_object(c.classid, c.objid, 0) as i
    order by case c.classid when 'pg_class'::regclass then 1 when 'pg_extension'::regclass then 3 when 'pg_namespace'::regclass then 4
      else 2 end, c.objid
    limit ${most}
  loop
    if o.identity is not null then
      execute format('drop %s if exists %s cascade', o.kind, o.identity);
    end if;
    delete from ${TABLE} where classid = o.classid and objid = o.objid;
  end loop;
end
$do$
`);
