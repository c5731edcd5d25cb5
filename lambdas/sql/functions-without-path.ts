/**
 * Functions in checks, indexes and the like that find what they name by the search_path of whoever sets them off. Under a copy or under the
 * apply worker that is empty. Read from catalogs: whether a body names something without its schema is guessed from its text.
 */
import type { Statement } from '../contract.ts';
import type { MigrationInput } from '../input.ts';
import { NEXT, ROOTS } from './code-of-others.ts';
import { statement, USER_SCHEMA } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.ts';

export interface FunctionWithoutPath {
  /** As SQL writes it, with its arguments. */
  readonly object: string;
  /** The first of what it is reached from. */
  readonly from: string;
  /** A name in its body without a schema. */
  readonly names: string;
}

/** A name as a pattern, with or without quotes. */
const NAME = `'"?' || regexp_replace(m.name, '([^\\w])', '\\\\\\1', 'g') || '"?'`;
/** Where a relation, a function and a type are named without a schema, and not a column or a variable of that name. */
const NAMED_ALONE = `position(lower(m.name) in lower(s.prosrc)) > 0 and s.prosrc ~* case m.kind
  when 'relation' then '(\\m(from|join|into|update|only|table)\\s+|(nextval|currval|setval|to_regclass)\\s*\\(\\s*'')' || ${NAME} || '($|[^.\\w"])'
  when 'function' then '(^|[^.\\w"$])' || ${NAME} || '\\s*\\('
  else '(::|\\mas)\\s*' || ${NAME} || '($|[^.\\w"])' end`;

/** Bodies in quotes only: those of the SQL standard are parsed when the function is made. */
export const functionsWithoutPath = (input: Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>): Statement<FunctionWithoutPath> =>
  statement(
    `
with recursive relations as (
  select c.oid, c.relkind from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
), root as (
  select * from (${ROOTS}) as one where kind in ('check', 'index', 'default', 'materialized view') or under_apply
), reach (rootclass, root, classid, objid) as (
  select classid, objid, classid, objid from root
  union
  select r.rootclass, r.root, x.classid, x.objid from reach as r cross join lateral (${NEXT} offset 0) as x
), suspect as (
  select p.oid, p.prosrc, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as object,
    p.proname, min(pg_describe_object(r.rootclass, r.root, 0)) as from_object
  from reach as r
  join pg_proc as p on r.classid = 'pg_proc'::regclass and p.oid = r.objid
  join pg_namespace as n on n.oid = p.pronamespace
  join pg_language as l on l.oid = p.prolang
  where ${USER_SCHEMA} and l.lanname not in ('c', 'internal') and to_jsonb(p) ->> 'prosqlbody' is null
    and not exists (select from unnest(p.proconfig) as entry where entry like 'search_path=%')
    and not exists (select from pg_depend as e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
  group by p.oid, p.prosrc, n.nspname, p.proname
), named (kind, name) as (
  select 'relation', c.relname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where ${USER_SCHEMA} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union select 'function', p.proname::text from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where ${USER_SCHEMA}
  union select 'type', t.typname::text from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
  where ${USER_SCHEMA} and t.typtype in ('e', 'd', 'r')
)
select s.object, s.from_object as from, min(m.name) as names
from suspect as s join named as m on ${NAMED_ALONE}
group by s.object, s.from_object
order by s.object
`,
    exclusions(input),
  );
