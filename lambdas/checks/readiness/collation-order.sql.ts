/** The sort order of strings on a server, and the objects of a schema that depend on it. */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, identifier, literal, qualified, statement } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

/** The default collation of the database, by the name that it has in every server. */
export const DEFAULT_COLLATION = 'pg_catalog."default"';

/**
 * The rank of each string among all of them under each collation, from 1; equal strings have the same. Comparing strings runs no code of users.
 * @param collations names as SQL writes them, from a catalog
 */
export const ranks = (collations: readonly string[], strings: readonly string[]): Statement<{ readonly ranks: number[][] }> => {
  const each = collations.map((name, at) => `dense_rank() over (order by w.word collate ${name}) as r${at}`);
  return bound([[...strings]])(`
select array[${collations.map((_, at) => `array_agg(r.r${at} order by r.at)`).join(', ')}]::int4[] as ranks
from (
  select w.at, ${each.join(', ')}
  from unnest($1::text[]) with ordinality as w (word, at)
) as r
`);
};

/** An object that depends on the sort order of a collation. */
export interface OrderDependent {
  readonly kind: 'partition' | 'check' | 'range' | 'exclusion' | 'generated' | 'unique';
  /** Description for messages. */
  readonly object: string;
  /** As SQL writes it. */
  readonly collation: string;
  readonly schema: string;
  readonly table: string;
  /** Columns whose values are compared; empty where they are not plain columns. */
  readonly columns: readonly string[];
  /** Bounds of a partition (of all others for the default one), or a check, as the server prints them; null for all others. */
  readonly text: string | null;
  /** For a partition, the position of the column in the key, from 1. */
  readonly position: number | null;
}

const NAMED = `format('%I.%I', cn.nspname, cl.collname)`;
const WANTED = `${NAMED} = any ($3::text[])`;
const TABLE_OF = `format('%I.%I', n.nspname, c.relname)`;

/**
 * Collations by which an expression compares with `<`, `<=`, `>=`, `>`, `between`, `greatest` or `least`: nodes are printed with the operator
 * and the collation before their arguments. The operators of pattern classes compare bytes.
 */
const COMPARED_BY = (tree: string): string => `(
  select m[2]::oid
  from regexp_matches(${tree}::text, ':opno (\\d+)[^{}]*? :inputcollid (\\d+)', 'g') as m
  where exists (
    select from pg_amop as o
    join pg_am as am on am.oid = o.amopmethod and am.amname = 'btree'
    join pg_opfamily as f on f.oid = o.amopfamily and f.opfname !~ 'pattern'
    where o.amopopr = m[1]::oid and o.amopstrategy in (1, 2, 4, 5))
  union
  select m[1]::oid from regexp_matches(${tree}::text, '{MINMAXEXPR [^{}]*? :inputcollid (\\d+)', 'g') as m
)`;

const COLLATION = (oid: string): string => `join pg_collation as cl on cl.oid = ${oid}
  join pg_namespace as cn on cn.oid = cl.collnamespace and ${WANTED}`;

const PARTITIONS = `
select 'partition' as kind, format('%s (partition of %s)', format('%I.%I', pn.nspname, pc.relname), ${TABLE_OF}) as object, ${NAMED} as collation,
  pn.nspname::text as schema, pc.relname::text as table, array_remove(array[a.attname::text], null) as columns,
  case pg_get_expr(pc.relpartbound, pc.oid)
    when 'DEFAULT' then (
      select string_agg(pg_get_expr(s.relpartbound, s.oid), ' ') from pg_inherits as si join pg_class as s on s.oid = si.inhrelid
      where si.inhparent = c.oid)
    else pg_get_expr(pc.relpartbound, pc.oid)
  end as text, k.at::int as position
from pg_partitioned_table as p
join pg_class as c on c.oid = p.partrelid
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral unnest(p.partattrs::int2[], p.partcollation::oid[]) with ordinality as k (attnum, sorted_by, at)
${COLLATION('k.sorted_by')}
join pg_inherits as i on i.inhparent = c.oid
join pg_class as pc on pc.oid = i.inhrelid
join pg_namespace as pn on pn.oid = pc.relnamespace
left join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum and k.attnum > 0
where p.partstrat = 'r' and ${INCLUDED_TABLE}`;

/** Of tables; one of a domain holds for each column of the domain. */
const CHECKS = `
select 'check', format('check %I of %s', co.conname, ${TABLE_OF}), ${NAMED}, n.nspname::text, c.relname::text,
  coalesce((select array_agg(a.attname::text order by a.attnum) from pg_attribute as a
    where a.attrelid = c.oid and a.attnum = any (case when co.contypid = 0 then co.conkey else array[d.attnum] end)
      and a.attcollation <> 0), '{}'),
  pg_get_constraintdef(co.oid), null::int
from pg_constraint as co
left join pg_attribute as d on co.contypid <> 0 and d.atttypid = co.contypid and d.attnum > 0 and not d.attisdropped
join pg_class as c on c.oid = case when co.contypid = 0 then co.conrelid else d.attrelid end and c.relkind in ('r', 'p')
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral ${COMPARED_BY('co.conbin')} as compared (sorted_by)
${COLLATION('compared.sorted_by')}
where co.contype = 'c' and (co.contypid <> 0 or co.conislocal) and ${INCLUDED_TABLE}`;

const RANGES = `
select 'range', format('column %I of %s', a.attname, ${TABLE_OF}), ${NAMED}, n.nspname::text, c.relname::text, array[a.attname::text], null, null::int
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid and c.relkind = 'r'
join pg_namespace as n on n.oid = c.relnamespace
join pg_range as r on r.rngtypid = a.atttypid
${COLLATION('r.rngcollation')}
where a.attnum > 0 and not a.attisdropped and ${INCLUDED_TABLE}`;

const EXCLUSIONS = `
select distinct 'exclusion', format('exclusion constraint %I of %s', co.conname, ${TABLE_OF}), ${NAMED}, n.nspname::text, c.relname::text,
  '{}'::text[], null, null::int
from pg_constraint as co
join pg_class as c on c.oid = co.conrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_index as ix on ix.indexrelid = co.conindid
join pg_attribute as ia on ia.attrelid = ix.indexrelid
left join pg_range as r on r.rngtypid = ia.atttypid
${COLLATION('coalesce(r.rngcollation, ia.attcollation)')}
where co.contype = 'x' and ${INCLUDED_TABLE}`;

const GENERATED = `
select 'generated', format('generated column %I of %s', a.attname, ${TABLE_OF}), ${NAMED}, n.nspname::text, c.relname::text, '{}'::text[], null, null::int
from pg_attrdef as ad
join pg_attribute as a on a.attrelid = ad.adrelid and a.attnum = ad.adnum and coalesce(to_jsonb(a) ->> 'attgenerated', '') <> ''
join pg_class as c on c.oid = ad.adrelid
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral ${COMPARED_BY('ad.adbin')} as compared (sorted_by)
${COLLATION('compared.sorted_by')}
where ${INCLUDED_TABLE}`;

/** Unique constraints: equality of strings depends on the collation only where it is not deterministic. */
const UNIQUES = `
select distinct 'unique', format('unique index %I.%I', n.nspname, ic.relname), ${NAMED}, n.nspname::text, c.relname::text, '{}'::text[], null, null::int
from pg_index as ix
join pg_class as ic on ic.oid = ix.indexrelid
join pg_class as c on c.oid = ix.indrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as ia on ia.attrelid = ix.indexrelid
${COLLATION('ia.attcollation')}
where ix.indisunique and coalesce(to_jsonb(cl) ->> 'collisdeterministic', 'true') = 'false' and ${INCLUDED_TABLE}`;

/** @param collations names as SQL writes them */
export const orderDependents = (input: Exclusions, collations: readonly string[]): Statement<OrderDependent> =>
  bound([...exclusions(input), [...collations]])(`
select * from (${[PARTITIONS, CHECKS, RANGES, EXCLUSIONS, GENERATED, UNIQUES].join('\nunion all')}
) as d
order by d.kind, d.object
`);

/** Values of some rows, as their types print them: of small tables all. A row whose values are all the same as another's comes once. */
export const someValues = (
  { schema, table, columns, kind }: OrderDependent,
  most: number,
): Statement<{ readonly values: (string | null)[] }> => {
  const values = columns.flatMap((column) => {
    const name = identifier(column);
    return kind === 'range' ? [`lower(${name})`, `upper(${name})`] : [name];
  });
  const texts = values.map((value) => `case when ${value} is not null then format('%s', ${value}) end`);
  return statement(`
select distinct array[${texts.join(', ')}]::text[] as values
from (select * from ${qualified(schema, table)} limit ${Math.floor(most)}) as t
`);
};

/** Statistics of ANALYZE about a column: its most common values, and the bounds of its histogram. */
export const valuesKept = ({ schema, table }: OrderDependent, column: string): Statement<{ readonly value: string }> =>
  statement(`
select distinct v.value
from pg_stats as s
cross join lateral unnest(coalesce(s.most_common_vals::text::text[], '{}') || coalesce(s.histogram_bounds::text::text[], '{}')) as v (value)
where s.schemaname = ${literal(schema)} and s.tablename = ${literal(table)} and s.attname = ${literal(column)}
`);
