/**
 * Functions that belong to roles which are not trusted, and where they are reached from. After the copy everything belongs to the role that
 * made it, so a role that may replace such a function on the source decides what runs with the rights of that role. Read from catalogs alone:
 * pg_depend has what expressions call; what a body in quotes calls, only a reader can tell.
 */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, USER_SCHEMA } from '../postgres/quote.ts';
import { BEFORE_GENERATED_COLUMNS } from '../postgres/table-shape.sql.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';
import { TRUSTED_ROLES } from '../state/trust.sql.ts';

export interface ForeignFunction {
  /** As SQL writes it, with its arguments. */
  readonly object: string;
  readonly owner: string;
}

/** Kinds of objects that call a function. */
export type Reached = 'check' | 'index' | 'default' | 'materialized view' | 'policy' | 'trigger';

export interface ReachedFunction extends ForeignFunction {
  readonly kind: Reached;
  /** Whether applying changes to the table runs it, too: that is what the stream back does on the source. */
  readonly underApply: boolean;
  /** The first few, and how many more there are. */
  readonly from: readonly string[];
  readonly more: number;
}

/** Function `p` in namespace `n`, of a role that is not trusted; members of extensions belong to a role that may make extensions. */
const FOREIGN = `p.proowner not in (select oid from trusted) and not exists (
  select from pg_depend as e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')`;
const IDENTITY = "format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))";

export const definerFunctions = (input: Exclusions): Statement<ForeignFunction> =>
  bound([[...input.excludeSchemas]])(`
with ${TRUSTED_ROLES}
select ${IDENTITY} as object, pg_get_userbyid(p.proowner)::text as owner
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where p.prosecdef and ${USER_SCHEMA} and n.nspname <> all ($1::text[]) and ${FOREIGN}
order by object
`);

/** Examples shown of where a function is reached from. */
const SHOWN = 3;

/**
 * Objects with expressions, and tables for the types of their columns and their partition keys, as (kind, under_apply, classid, objid). A row
 * that is applied to a partition is checked against its bounds, which are expressions of the key.
 */
export const ROOTS = `
select 'trigger' as kind, t.tgenabled in ('A', 'R') as under_apply, 'pg_trigger'::regclass::oid as classid, t.oid as objid
from pg_trigger as t join relations as c on c.oid = t.tgrelid where not t.tgisinternal and t.tgenabled <> 'D'
union all
select 'trigger', false, 'pg_rewrite'::regclass, w.oid
from pg_rewrite as w join relations as c on c.oid = w.ev_class where c.relkind <> 'm'
union all
select 'check', c.relkind = 'r', 'pg_constraint'::regclass, k.oid
from pg_constraint as k join relations as c on c.oid = k.conrelid where k.contype = 'c'
union all
select 'check', c.relkind = 'r' or exists (select from pg_inherits as i where i.inhparent = c.oid), 'pg_class'::regclass, c.oid
from relations as c where c.relkind <> 'm'
union all
select 'index', c.relkind = 'r', 'pg_class'::regclass, i.indexrelid from pg_index as i join relations as c on c.oid = i.indrelid
union all
select 'index', c.relkind = 'r', 'pg_constraint'::regclass, k.oid
from pg_constraint as k join relations as c on c.oid = k.conrelid where k.contype = 'x'
union all
select 'index', false, 'pg_statistic_ext'::regclass, x.oid from pg_statistic_ext as x join relations as c on c.oid = x.stxrelid
union all
select 'default', c.relkind = 'r' and a.generated = 's', 'pg_attrdef'::regclass, d.oid
from pg_attrdef as d join relations as c on c.oid = d.adrelid
${BEFORE_GENERATED_COLUMNS}
cross join lateral (
  select attgenerated as generated from pg_attribute as one where one.attrelid = d.adrelid and one.attnum = d.adnum
) as a
union all
select 'materialized view', false, 'pg_rewrite'::regclass, w.oid
from pg_rewrite as w join relations as c on c.oid = w.ev_class where c.relkind = 'm'
union all
select 'policy', false, 'pg_policy'::regclass, o.oid from pg_policy as o join relations as c on c.oid = o.polrelid`;

/**
 * From an object to what it uses, and to what that consists of: a view of its rule, a domain of its constraints, a composite type of its
 * columns, an operator class of its support functions.
 */
export const NEXT = `
select d.refclassid as classid, d.refobjid as objid
from pg_depend as d
where d.classid = r.classid and d.objid = r.objid and d.deptype in ('n', 'a', 'i') and d.refclassid in ('pg_proc'::regclass,
  'pg_operator'::regclass, 'pg_type'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_class'::regclass)
  and (d.refclassid <> 'pg_class'::regclass or exists (select from pg_class as v where v.oid = d.refobjid and v.relkind in ('v', 'm')))
union all
select 'pg_rewrite'::regclass, w.oid from pg_rewrite as w where r.classid = 'pg_class'::regclass and w.ev_class = r.objid
  and exists (select from pg_class as v where v.oid = r.objid and v.relkind in ('v', 'm'))
union all
select 'pg_constraint'::regclass, k.oid from pg_constraint as k where r.classid = 'pg_type'::regclass and k.contypid = r.objid
union all
select case when y.typtype = 'c' then 'pg_class'::regclass else 'pg_type'::regclass end, case when y.typtype = 'c' then y.typrelid else y.typelem end
from pg_type as y where r.classid = 'pg_type'::regclass and y.oid = r.objid and (y.typtype = 'c' or y.typelem <> 0)
union all
select d.classid, d.objid from pg_depend as d
where r.classid in ('pg_opclass'::regclass, 'pg_opfamily'::regclass) and d.refclassid = r.classid and d.refobjid = r.objid
  and d.classid in ('pg_amproc'::regclass, 'pg_amop'::regclass)`;

/** One row for each function and kind. What nothing of an untrusted role can be reached from is left out early, because that is nearly all. */
export const reachedFunctions = (input: Exclusions): Statement<ReachedFunction> =>
  bound(exclusions(input))(`
with recursive ${TRUSTED_ROLES}, relations as (
  select c.oid, c.relkind from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
), root as (${ROOTS}
), reach (kind, under_apply, rootclass, root, classid, objid) as (
  select kind, under_apply, classid, objid, classid, objid from root
  union
  select r.kind, r.under_apply, r.rootclass, r.root, x.classid, x.objid
  from reach as r cross join lateral (${NEXT} offset 0) as x
), found as (
  select r.kind, r.under_apply, r.rootclass, r.root, p.oid, ${IDENTITY} as object, pg_get_userbyid(p.proowner)::text as owner,
    row_number() over (partition by r.kind, r.under_apply, p.oid order by r.rootclass, r.root) as place,
    count(*) over (partition by r.kind, r.under_apply, p.oid) as all_of_them
  from reach as r
  join pg_proc as p on r.classid = 'pg_proc'::regclass and p.oid = r.objid
  join pg_namespace as n on n.oid = p.pronamespace
  where ${FOREIGN}
)
select kind, under_apply as "underApply", object, owner, json_agg(pg_describe_object(rootclass, root, 0) order by place) as from,
  greatest(0, max(all_of_them) - ${SHOWN})::float8 as more
from found
where place <= ${SHOWN}
group by kind, under_apply, oid, object, owner
order by kind, object, under_apply
`);
