/**
 * What roles may do with everything that moves, by asking has_*_privilege. The answer depends on an object's kind, its owner and its access list
 * alone, so it is asked once for all objects that are alike in these, of one of them: 5,000 tables with the same grants are one question.
 * To be asked with every name in quotes (`postgres/quoted-names.ts`), in one snapshot.
 */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, literal } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';
import { OBJECTS } from './access.sql.ts';

/** From here on there is a right to vacuum, analyze and reindex a table (https://www.postgresql.org/docs/release/17.0/). */
export const MAINTAIN_SINCE = 17;

const ON_TABLES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'];

interface Asked {
  readonly catalog: string;
  readonly sequences?: boolean;
  readonly ask: string;
  readonly rights: readonly string[];
}

const asked = (maintain: boolean): readonly Asked[] => [
  { catalog: 'pg_class', ask: 'has_table_privilege', rights: maintain ? [...ON_TABLES, 'MAINTAIN'] : ON_TABLES },
  { catalog: 'pg_class', sequences: true, ask: 'has_sequence_privilege', rights: ['USAGE', 'SELECT', 'UPDATE'] },
  { catalog: 'pg_namespace', ask: 'has_schema_privilege', rights: ['USAGE', 'CREATE'] },
  { catalog: 'pg_proc', ask: 'has_function_privilege', rights: ['EXECUTE'] },
  { catalog: 'pg_type', ask: 'has_type_privilege', rights: ['USAGE'] },
  { catalog: 'pg_language', ask: 'has_language_privilege', rights: ['USAGE'] },
  { catalog: 'pg_foreign_data_wrapper', ask: 'has_foreign_data_wrapper_privilege', rights: ['USAGE'] },
  { catalog: 'pg_foreign_server', ask: 'has_server_privilege', rights: ['USAGE'] },
  { catalog: 'pg_database', ask: 'has_database_privilege', rights: ['CONNECT', 'CREATE', 'TEMPORARY'] },
];

/** The second question of each right. */
export const WITH_GRANT_OPTION = ' WITH GRANT OPTION';
const bothWays = (rights: readonly string[]): string[] => rights.flatMap((right) => [right, `${right}${WITH_GRANT_OPTION}`]);
const listOf = (texts: readonly string[]): string => `array[${texts.map(literal).join(', ')}]`;

/** Objects with the number of those that are alike; the numbers mean the same within one snapshot. */
const RANKED = `
with object as (
  select o.classid, o.oid, o.owner, o.acl::text as acl, o.ownable, exists (select from pg_class as c where c.oid = o.oid and c.relkind = 'S') and
    o.classid = 'pg_class'::regclass as sequence
  from (${OBJECTS}) as o
  union all
  select 'pg_database'::regclass, b.oid, b.datdba, b.datacl::text, true, false from pg_database as b where b.datname = current_database()
), ranked as (
  select o.*, dense_rank() over (order by o.classid, o.sequence, o.owner, o.acl) as alike from object as o
  where o.classid in (${asked(false)
    .map(({ catalog }) => `'${catalog}'::regclass`)
    .join(', ')})
)`;

export interface ObjectAlike {
  /** As in `access.sql.ts`; the database has no name. */
  readonly kind: string;
  readonly name: string;
  /** False of parts of extensions and of the system, which each server has in its own way. */
  readonly own: boolean;
  readonly alike: number;
}

/** @param input exclusions */
export const objectsAlike = (input: Exclusions): Statement<ObjectAlike> =>
  bound(exclusions(input))(`${RANKED}
select case r.classid when 'pg_database'::regclass then 'database' else i.type end as kind,
  case r.classid when 'pg_database'::regclass then '' else i.identity end as name, r.ownable or r.sequence as own, r.alike::int as alike
from ranked as r cross join lateral (select i.type, i.identity from pg_identify_object(r.classid, r.oid, 0) as i offset 0) as i
`);

export interface RightsHeld {
  readonly alike: number;
  /** Position of the role in the list that was given, from 0. */
  readonly role: number;
  /** Such as `SELECT` and `SELECT WITH GRANT OPTION`. */
  readonly rights: readonly string[];
}

/** Roles by number, since a name may be that of PUBLIC: null stands for it, whose number is 0. */
const ROLES = `
  select r.position::int - 1 as role, case when r.name is null then 0::oid else (select g.oid from pg_roles as g where g.rolname = r.name) end as oid
  from unnest($3::text[]) with ordinality as r (name, position)`;

const QUESTION = asked(false)
  .map(
    ({ catalog, sequences = false, ask }) =>
      `when a.classid = '${catalog}'::regclass and a.sequence = ${sequences} then ${ask}(r.oid, a.example, p)`,
  )
  .join('\n    ');

/** One role's rights after the other's, since the server remembers the memberships of the last role alone. Roles that are not there have none. */
export const rightsHeld = (input: Exclusions, roles: readonly (string | null)[], maintain: boolean): Statement<RightsHeld> =>
  bound([...exclusions(input), [...roles]])(`${RANKED}, alike as (
  select r.alike, r.classid, r.sequence, min(r.oid) as example, case ${asked(maintain)
    .map(
      ({ catalog, sequences = false, rights }) =>
        `when r.classid = '${catalog}'::regclass and r.sequence = ${sequences} then ${listOf(bothWays(rights))}`,
    )
    .join('\n    ')} end as rights
  from ranked as r group by r.alike, r.classid, r.sequence
), role as (${ROLES})
select a.alike::int as alike, r.role, to_json(array(select p from unnest(a.rights) as p where case
    ${QUESTION} end)) as rights
from (select * from role where oid is not null order by role) as r cross join alike as a
`);

/** A column, by the quoted name of its table and its own. */
export interface ColumnName {
  readonly name: string;
  readonly column: string;
}

export interface ColumnRightsHeld extends ColumnName {
  readonly role: number;
  readonly rights: readonly string[];
}

/** A table has rights on each column, too, so that this is more than what was granted on the column. */
export const columnRightsHeld = (
  input: Exclusions,
  roles: readonly (string | null)[],
  columns: readonly ColumnName[],
): Statement<ColumnRightsHeld> =>
  bound([...exclusions(input), [...roles], JSON.stringify(columns)])(`
with role as (${ROLES}), wanted as (
  select w.name, w."column" from jsonb_to_recordset($4::jsonb) as w (name text, "column" text)
), relation as (
  select i.oid, i.identity from (
    select c.oid, (select i.identity from pg_identify_object('pg_class'::regclass, c.oid, 0) as i) as identity
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and ${INCLUDED_TABLE} offset 0
  ) as i where i.identity in (select name from wanted)
)
select w.name, w."column", r.role,
  to_json(array(select p from unnest(${listOf(bothWays(['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']))}) as p
    where has_column_privilege(r.oid, a.attrelid, a.attnum, p))) as rights
from relation as c
join wanted as w on w.name = c.identity
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and quote_ident(a.attname) = w."column"
cross join role as r
where r.oid is not null
`);
