/**
 * Catalog queries about functions that run without a search_path, about the objects that their bodies may name, and about the paths that are
 * set.
 */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, statement, USER_SCHEMA } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';
import type { GivenPath } from '../state/given-paths.sql.ts';
import { NEXT, ROOTS } from './code-of-others.sql.ts';

/** A function or procedure whose body the server reads anew under whatever path there is. */
export interface Routine {
  /** As `regprocedure` prints it, with its schema and the types of its arguments. */
  readonly routine: string;
  readonly owner: string;
  readonly body: string;
}

/**
 * Condition on a function `p` of a language `l`: its body is text that names are looked up in when it runs, it has no path of its own, and it
 * is no member of an extension. A body in the form of the standard (from 14 on) holds no names any more.
 */
const LEANS_ON_A_PATH = `l.lanname not in ('internal', 'c') and p.prosrc <> ''
  and not exists (select from unnest(p.proconfig) as set (name) where set.name like 'search\\_path=%')
  and not exists (select from pg_depend as e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')`;

const COLUMNS = `p.oid::regprocedure::text as routine, pg_get_userbyid(p.proowner)::text as owner, p.prosrc as body`;

/**
 * Functions that copying, applying, building or refreshing evaluates. Apply workers run with an empty path (InitializeLogRepWorker in
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/replication/logical/worker.c), and so does what maintains tables from
 * version 17 on (https://www.postgresql.org/docs/17/release-17.html). Policies, defaults and ordinary triggers run in the application's sessions.
 */
export const routinesWithoutPath = (input: Exclusions): Statement<Routine> =>
  bound(exclusions(input))(`
with recursive relations as (
  select c.oid, c.relkind from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and ${INCLUDED_TABLE}
), root as (${ROOTS}
), reach (classid, objid) as (
  select classid, objid from root where under_apply or kind in ('check', 'index', 'materialized view')
  union
  select x.classid, x.objid from reach as r cross join lateral (${NEXT} offset 0) as x
)
select ${COLUMNS}
from pg_proc as p
join pg_language as l on l.oid = p.prolang
join pg_namespace as n on n.oid = p.pronamespace
where p.oid in (select objid from reach where classid = 'pg_proc'::regclass) and ${USER_SCHEMA} and ${LEANS_ON_A_PATH}
order by routine
`);

/** An object that a word in a body may name. */
export interface Meaning {
  readonly word: string;
  readonly schema: string;
  /** Where it is a function that leans on a path itself. */
  readonly routine: string | null;
  readonly owner: string | null;
  readonly body: string | null;
}

/** Whatever is found by search_path, outside of pg_catalog, under one of these names. Members of extensions are found the same way. */
export const meaningsOf = (words: readonly string[]): Statement<Meaning> =>
  bound([words])(`
with meant as (
  select p.proname as word, p.pronamespace as nsp, p.oid as proc from pg_proc as p where p.proname = any ($1::name[])
  union all select c.relname, c.relnamespace, null from pg_class as c where c.relname = any ($1::name[]) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all select t.typname, t.typnamespace, null from pg_type as t where t.typname = any ($1::name[])
  union all select o.oprname, o.oprnamespace, null from pg_operator as o where o.oprname = any ($1::name[])
  union all select k.collname, k.collnamespace, null from pg_collation as k where k.collname = any ($1::name[])
  union all select g.cfgname, g.cfgnamespace, null from pg_ts_config as g where g.cfgname = any ($1::name[])
  union all select d.dictname, d.dictnamespace, null from pg_ts_dict as d where d.dictname = any ($1::name[])
)
select distinct m.word::text as word, n.nspname::text as schema, f.routine, f.owner, f.body
from meant as m
join pg_namespace as n on n.oid = m.nsp
left join lateral (
  select ${COLUMNS} from pg_proc as p join pg_language as l on l.oid = p.prolang where p.oid = m.proc and ${LEANS_ON_A_PATH}
) as f on true
where ${USER_SCHEMA}
`);

/** A value of search_path that sessions of this database begin with. */
export interface PathSetting {
  /** Null where it is the database's or the server's, for every role. */
  readonly role: string | null;
  readonly path: string;
}

/** The most particular first, as PostgreSQL takes them: https://www.postgresql.org/docs/current/sql-alterrole.html. */
export const pathSettings = (): Statement<PathSetting> =>
  statement(`
with given as (
  select r.rolname::text as role, substr(c.setting, length('search_path=') + 1) as path, s.setdatabase <> 0 as here
  from pg_db_role_setting as s
  cross join unnest(s.setconfig) as c (setting)
  left join pg_roles as r on r.oid = s.setrole
  where c.setting like 'search\\_path=%' and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    and (s.setrole = 0 or r.oid is not null)
)
select role, path from (
  select role, path, case when role is not null and here then 1 when role is not null then 2 when here then 3 else 4 end as place from given
  union all select null, reset_val, 5 from pg_settings where name = 'search_path' and not exists (select from given where role is null or role = session_user)
  union all select null, '"$user", public', 6
) as g order by place, role
`);

/** Schemas that there are, and those among them that bear the name of a role. */
export const schemasThere = (): Statement<{ readonly name: string; readonly isRole: boolean }> =>
  statement(
    `select n.nspname::text as name, exists (select from pg_roles as r where r.rolname = n.nspname) as "isRole" from pg_namespace as n`,
  );

/** For a person to run, on the source too. */
export const givePath = ({ routine, path }: GivenPath): string =>
  `alter routine ${routine} set search_path = ${path.map(identifier).join(', ')}`;

/**
 * For the middle of a dump: a table whose generated column or partition key calls an SQL function makes the target read the body of that
 * function at once. A function that is not there yet is passed over.
 */
export const giveWhatIsThere = (paths: readonly GivenPath[]): string => {
  const given = paths.map((one) => `(${literal(one.routine)}, ${literal(one.path.map(identifier).join(', '))})`).join(', ');
  return `do ${literal(`
declare
  g record;
begin
  for g in select to_regprocedure(v.routine) as routine, v.path from (values ${given}) as v (routine, path) loop
    continue when g.routine is null;
    execute 'alter routine ' || g.routine || ' set search_path = ' || g.path;
  end loop;
end`)}`;
};
