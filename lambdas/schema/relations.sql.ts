/** Relations other than plain tables, and what hangs on tables: everything that replication treats differently. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement, USER_SCHEMA } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

export interface Named {
  readonly object: string;
}

/** Relations of the user for which a condition on `c` holds. */
const relations = (input: Exclusions, condition: string): Statement<Named> =>
  bound(exclusions(input))(`
select format('%I.%I', n.nspname, c.relname) as object
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where ${condition} and ${INCLUDED_TABLE}
order by object
`);

export const unloggedTables = (input: Exclusions) => relations(input, "c.relkind in ('r', 'p') and c.relpersistence = 'u'");
/** Partitions and children of tables that are published, which are not. */
export const unloggedBelow = (input: Exclusions) =>
  relations(
    input,
    `c.relkind in ('r', 'p') and c.relpersistence = 'u' and exists (
      select from pg_inherits as i join pg_class as parent on parent.oid = i.inhparent where i.inhrelid = c.oid and parent.relpersistence = 'p')`,
  );
export const foreignTables = (input: Exclusions) => relations(input, "c.relkind = 'f'");
export const materializedViews = (input: Exclusions) => relations(input, "c.relkind = 'm'");
export const partitionedTables = (input: Exclusions) => relations(input, "c.relkind = 'p' and not c.relispartition");
/** Parents of plain inheritance. */
export const inheritanceParents = (input: Exclusions) =>
  relations(
    input,
    `c.relkind = 'r' and exists (
      select from pg_inherits as i join pg_class as child on child.oid = i.inhrelid where i.inhparent = c.oid and not child.relispartition)`,
  );

/** Tables with a hidden oid column, which version 11 is the last to have. */
export const tablesWithOids = (input: Exclusions) => relations(input, "c.relkind in ('r', 'p') and c.relhasoids");

/** Columns of published tables for which a condition on `a` holds. */
const columns = (input: Exclusions, condition: string): Statement<Named> =>
  bound(exclusions(input))(`
select format('%I.%I.%I', n.nspname, c.relname, a.attname) as object
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'p') and c.relpersistence = 'p' and ${condition} and ${INCLUDED_TABLE}
order by object
`);

/** From version 12 on. */
export const generatedColumns = (input: Exclusions) => columns(input, "a.attgenerated <> ''");
export const identityColumns = (input: Exclusions) => columns(input, "a.attidentity <> '' and not c.relispartition");
/** abstime, reltime and tinterval, which version 11 is the last to have. */
export const columnsOfRemovedTypes = (input: Exclusions) =>
  columns(input, "a.atttypid = any ('{abstime, reltime, tinterval, _abstime, _reltime, _tinterval}'::regtype[]::oid[])");

/** Triggers that fire under apply: ENABLE ALWAYS and ENABLE REPLICA. */
export const triggersUnderApply = (input: Exclusions): Statement<Named & { mode: 'A' | 'R' }> =>
  bound(exclusions(input))(`
select format('%I on %I.%I', t.tgname, n.nspname, c.relname) as object, t.tgenabled::text as mode
from pg_trigger as t
join pg_class as c on c.oid = t.tgrelid
join pg_namespace as n on n.oid = c.relnamespace
where not t.tgisinternal and t.tgenabled in ('A', 'R') and c.relkind = 'r' and ${INCLUDED_TABLE}
order by object
`);

/** Rules on tables, those that make a view left out. */
export const rules = (input: Exclusions): Statement<Named> =>
  bound(exclusions(input))(`
select format('%I on %I.%I', r.rulename, n.nspname, c.relname) as object
from pg_rewrite as r
join pg_class as c on c.oid = r.ev_class
join pg_namespace as n on n.oid = c.relnamespace
where r.ev_type <> '1' and c.relkind in ('r', 'p') and ${INCLUDED_TABLE}
order by object
`);

/**
 * Event triggers that run before a session has run anything itself (from version 17 on), those of RDS itself left out. One that is enabled
 * for replicas only does not run for us.
 */
export const loginTriggers = (): Statement<Named> =>
  statement(`
select format('%I', e.evtname) as object
from pg_event_trigger as e
where e.evtevent = 'login' and e.evtenabled in ('O', 'A') and pg_get_userbyid(e.evtowner) <> 'rdsadmin'
order by object
`);

/** Event triggers of the user: not of extensions, and not of RDS itself. */
export const eventTriggers = (): Statement<Named> =>
  statement(`
select format('%I', e.evtname) as object
from pg_event_trigger as e
where pg_get_userbyid(e.evtowner) <> 'rdsadmin'
  and not exists (select from pg_depend as d where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')
order by object
`);

/** Event triggers of RDS itself, by name: every database there has them, and a dump brings them along. */
export const platformEventTriggers = (): Statement<{ readonly name: string }> =>
  statement(`
select e.evtname::text as name from pg_event_trigger as e where pg_get_userbyid(e.evtowner) = 'rdsadmin' order by name
`);

/** Number of large objects, counted up to a million. Their owners and sizes stay out of it: not every role may see sizes. */
export const largeObjects = (): Statement<{ count: number }> =>
  statement('select count(*)::float8 as count from (select from pg_largeobject_metadata limit 1000000) as counted');

export interface NamedType {
  readonly schema: string;
  readonly name: string;
}

/**
 * Relations and types that CopySchema will create, as the source has them. Of a composite type that an extension brings, the type is marked as
 * the extension's, and its relation is not.
 */
export const relationsToCome = (input: Exclusions): Statement<NamedType> =>
  bound(exclusions(input))(`
select n.nspname::text as schema, c.relname::text as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
  and not exists (select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = c.reltype and d.deptype = 'e')
union
select n.nspname::text, t.typname::text
from pg_type as t
join pg_namespace as n on n.oid = t.typnamespace
where t.typtype in ('d', 'e', 'r') and ${USER_SCHEMA} and n.nspname <> all ($1::text[])
  and not exists (select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
order by schema, name
`);

/** Those of these names that a relation or a type on this side has already. `names` is JSON of {@link NamedType}. */
export const namesTaken = (names: string): Statement<Named> =>
  bound([names])(`
select distinct format('%I.%I', n.nspname, w.name) as object
from jsonb_to_recordset($1::jsonb) as w ("schema" text, name text)
join pg_namespace as n on n.nspname = w."schema"
where exists (select from pg_class as c where c.relnamespace = n.oid and c.relname = w.name)
  or exists (select from pg_type as t where t.typnamespace = n.oid and t.typname = w.name)
order by object
`);
