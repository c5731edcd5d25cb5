/**
 * Objects that rows name: values of regclass and the like travel as names, and a name is read on the target only where the object is there.
 * Tables, types and most functions are there before the copy; indexes, and views and functions that wait for a key, come after it.
 */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, qualified, statement } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

/** Position of such values within a column. */
export interface NamingColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** From the column inwards: `array` for the elements of an array, a field of a composite by its name after a dot. */
  readonly path: readonly string[];
  /** Whether they name a relation or a function. */
  readonly names: 'relation' | 'function';
}

/** Columns of permanent tables that hold regclass, regproc or regprocedure, in domains, arrays and composites too. */
export const namingColumns = (input: Exclusions): Statement<NamingColumn> =>
  bound(exclusions(input))(`
with recursive holding (oid) as (
  select unnest(array['regclass', 'regproc', 'regprocedure']::regtype[])::oid
  union
  select t.oid from holding as h
  join pg_type as t on (t.typtype = 'd' and t.typbasetype = h.oid) or (t.typcategory = 'A' and t.typelem = h.oid)
    or (t.typtype = 'c' and exists (select from pg_attribute as a where a.attrelid = t.typrelid and a.atttypid = h.oid and not a.attisdropped))
), part (schema, "table", "column", type, path) as (
  select n.nspname::text, c.relname::text, a.attname::text, a.atttypid, array[]::text[]
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
  join pg_namespace as n on n.oid = c.relnamespace
  where a.attnum > 0 and not a.attisdropped and a.atttypid in (select oid from holding)
    and c.relkind = 'r' and c.relpersistence = 'p' and has_table_privilege(c.oid, 'select') and ${INCLUDED_TABLE}
  union all
  select p.schema, p."table", p."column", step.type, (p.path || step.name) collate "default"
  from part as p
  join pg_type as t on t.oid = p.type
  cross join lateral (
    select t.typbasetype as type, array[]::text[] as name where t.typtype = 'd'
    union all select t.typelem, array['array'] where t.typcategory = 'A' and t.typelem <> 0
    union all select a.atttypid, array['.' || a.attname] from pg_attribute as a
    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) as step
  where step.type in (select oid from holding)
)
select schema, "table", "column", path, case when type = 'regclass'::regtype then 'relation' else 'function' end as names
from part where type = any (array['regclass', 'regproc', 'regprocedure']::regtype[])
`);

/** Name of an object of a schema. */
export interface NamedObject {
  readonly schema: string;
  readonly name: string;
}

const IN_CATALOG = {
  relation: `select n.nspname::text as schema, c.relname::text as name from named
join pg_class as c on c.oid = named.oid and c.relkind in ('i', 'I', 'v', 'm')
join pg_namespace as n on n.oid = c.relnamespace`,
  function: `select n.nspname::text as schema, p.proname::text as name from named
join pg_proc as p on p.oid = named.oid
join pg_namespace as n on n.oid = p.pronamespace`,
} as const;

/** Objects named by a column that may have to be made before the copy. Reads every row of the table once; runs no code of the user. */
export function objectsNamedIn({ schema, table, column, path, names }: NamingColumn): Statement<NamedObject> {
  let value = `r.${identifier(column)}`;
  const from = [`only ${qualified(schema, table)} as r`];
  for (const step of path) {
    if (step.startsWith('.')) value = `(${value}).${identifier(step.slice(1))}`;
    else {
      from.push(`lateral (select pg_catalog.unnest(${value}) as v) as e${from.length}`);
      value = `e${from.length - 1}.v`;
    }
  }
  return statement(`
with named as (
  select distinct (${value})::pg_catalog.oid as oid from ${from.join(' cross join ')}
)
${IN_CATALOG[names]}
`);
}
