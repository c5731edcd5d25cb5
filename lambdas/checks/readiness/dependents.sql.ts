/** Objects that depend on an extension or on a collation, by pg_depend. */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { statement } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

export interface Dependent {
  /** Name of the extension or collation. */
  readonly on: string;
  /** The server's description of the object, such as `column size of table shop."Boxes"`. */
  readonly object: string;
}

/**
 * Objects that depend on what `wanted` lists as (`on`, classid, objid), except what the input excludes, members of extensions and parts of
 * members (the operators of an operator class, the rule of a view), and array types, which come with their element type. A column,
 * default, rule, constraint, trigger or policy is excluded with its table.
 */
const dependents = (wanted: string): string => `
with wanted as (${wanted}),
found as (
  select distinct w."on", d.classid, d.objid, d.objsubid
  from wanted as w
  join pg_depend as d on d.refclassid = w.classid and d.refobjid = w.objid
  where d.deptype in ('n', 'a', 'x')
    and not exists (select from pg_depend as e where e.classid = d.classid and e.objid = d.objid and e.deptype = 'e')
    and not exists (
      select from pg_depend as part
      join pg_depend as e on e.classid = part.refclassid and e.objid = part.refobjid and e.deptype = 'e'
      where part.classid = d.classid and part.objid = d.objid and part.deptype in ('i', 'a')
    )
    and not exists (select from pg_type as t where d.classid = 'pg_type'::regclass and t.typarray = d.objid)
)
select distinct f."on", pg_describe_object(f.classid, f.objid, f.objsubid) as object
from found as f
left join pg_attrdef as ad on f.classid = 'pg_attrdef'::regclass and ad.oid = f.objid
left join pg_rewrite as rw on f.classid = 'pg_rewrite'::regclass and rw.oid = f.objid
left join pg_constraint as co on f.classid = 'pg_constraint'::regclass and co.oid = f.objid and co.conrelid <> 0
left join pg_trigger as tg on f.classid = 'pg_trigger'::regclass and tg.oid = f.objid
left join pg_policy as po on f.classid = 'pg_policy'::regclass and po.oid = f.objid
left join pg_index as ix on f.classid = 'pg_class'::regclass and ix.indexrelid = f.objid
left join pg_class as c on c.oid = coalesce(
  ad.adrelid, rw.ev_class, co.conrelid, tg.tgrelid, po.polrelid, ix.indrelid, case when f.classid = 'pg_class'::regclass then f.objid end)
left join pg_namespace as n on n.oid = c.relnamespace
cross join lateral pg_identify_object(f.classid, f.objid, f.objsubid) as identity
where case when c.oid is null then coalesce(identity.schema, '') <> all ($1::text[]) else ${INCLUDED_TABLE} end
order by "on", object
`;

/** Objects that use a member of one of these extensions, array types of their types included. */
export const dependentsOfExtensions = (input: Exclusions, names: readonly string[]): Statement<Dependent> =>
  statement(
    dependents(`
  with member as (
    select x.extname::text as "on", d.classid, d.objid
    from pg_extension as x
    join pg_depend as d on d.refclassid = 'pg_extension'::regclass and d.refobjid = x.oid and d.deptype = 'e'
    where x.extname = any ($3::text[])
  )
  select "on", classid, objid from member
  union
  select m."on", m.classid, t.typarray
  from member as m join pg_type as t on m.classid = 'pg_type'::regclass and t.oid = m.objid and t.typarray <> 0
  union
  select x.extname::text, 'pg_extension'::regclass, x.oid from pg_extension as x where x.extname = any ($3::text[])
`),
    [...exclusions(input), [...names]],
  );

/** Objects that use a collation other than the database's own; the name is as SQL writes it. */
export const dependentsOfCollations = (input: Exclusions, names: readonly string[]): Statement<Dependent> =>
  statement(
    dependents(`
  select format('%I.%I', cn.nspname, cl.collname) as "on", 'pg_collation'::regclass::oid as classid, cl.oid as objid
  from pg_collation as cl join pg_namespace as cn on cn.oid = cl.collnamespace
  where format('%I.%I', cn.nspname, cl.collname) = any ($3::text[])
`),
    [...exclusions(input), [...names]],
  );
