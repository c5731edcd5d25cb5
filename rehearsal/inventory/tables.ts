/** Whether every row of every table is on both sides, compared as text. */
import type { Statement } from '../../lambdas/ports/database.ts';
import { identifier, qualified, statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';
import { INVALID_SCHEMA_NAME, UNDEFINED_COLUMN, UNDEFINED_TABLE } from '../../lambdas/postgres/sqlstates.ts';
import { WORKLOAD_SCHEMA } from '../workload/own-subjects.ts';
import type { BothSides, Look } from './look.ts';
import { EVERYTHING, type Scope } from './scope.ts';

export interface TableComparison {
  readonly compared: number;
  /** Names as SQL writes them. */
  readonly different: readonly string[];
}

interface Table {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** Tables whose rows are replicated: ordinary and permanent ones, leaves of partitioned tables included. */
const tables = (): Statement<Table> =>
  statement(`
select n.nspname::text as schema, c.relname::text as "table",
  array(
    select a.attname::text from pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    order by a.attnum
  ) as columns
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and ${USER_SCHEMA}
and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2
`);

/** Count and the sums of both halves of each row's MD5: equal for equal rows in any order, and computed where the rows are. */
const fingerprint = ({ schema, table, columns }: Table): Statement<{ fingerprint: string }> =>
  statement(`
select concat_ws('/', count(*), sum(('x' || left(h, 16))::bit(64)::int8::numeric), sum(('x' || right(h, 16))::bit(64)::int8::numeric)) as fingerprint
from (
  select md5(row(${columns.map((column) => `t.${identifier(column)}`).join(', ')})::text) as h
  from only ${qualified(schema, table)} as t
) as hashed
`);

export async function compareTables({ source, target }: BothSides, scope: Scope = EVERYTHING): Promise<TableComparison> {
  const found = (await source(tables())).filter(({ schema, table }) => scope.includes(schema, table));
  const different: string[] = [];
  for (const table of found) {
    const [there, here] = await Promise.all([fingerprintOf(source, table), fingerprintOf(target, table)]);
    if (there === undefined || there !== here) different.push(qualified(table.schema, table.table));
  }
  return { compared: found.filter(({ schema }) => scope.counts(schema)).length, different };
}

/** Undefined where the side does not have such a table. Any other failure is not a difference: then the outcome is unknown. */
async function fingerprintOf(look: Look, table: Table): Promise<string | undefined> {
  const ask = async () => (await look(fingerprint(table)))[0]?.fingerprint;
  try {
    return await ask().catch(async (error: unknown) => {
      if (!LEADS_NOWHERE.test(codeOf(error))) throw error;
      // Planning looks into the table's indexes, and those may lean on the path that the database's sessions have.
      await look(statement('reset search_path'));
      return ask().finally(() => look(statement('set search_path = pg_catalog')));
    });
  } catch (error) {
    if (MISSING.has(codeOf(error))) return undefined;
    throw error;
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code);
/** SQLSTATEs of a name that is not found, or is ambiguous. */
const LEADS_NOWHERE = /^(?:3F000|42P01|42703|42704|42883|42725)$/;

const MISSING = new Set([INVALID_SCHEMA_NAME, UNDEFINED_TABLE, UNDEFINED_COLUMN]);

/** Every table whose rows are replicated, with its size, without indexes, and that of its long values; without the rehearsal's own. */
export const tableSizes = (): Statement<{ schema: string; table: string; bytes: number; toastBytes: number }> =>
  statement(
    `
select n.nspname::text as schema, c.relname::text as "table", pg_table_size(c.oid)::float8 as bytes,
  case when c.reltoastrelid = 0 then 0 else pg_total_relation_size(c.reltoastrelid) end::float8 as "toastBytes"
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and ${USER_SCHEMA} and n.nspname <> $1::text
and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2
`,
    [WORKLOAD_SCHEMA],
  );

/** Bytes of all tables whose rows are replicated, without indexes, and without the rehearsal's own. */
export const tableBytes = (): Statement<{ bytes: number }> =>
  statement(
    `
select coalesce(sum(pg_table_size(c.oid)), 0)::float8 as bytes
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and ${USER_SCHEMA} and n.nspname <> $1::text
`,
    [WORKLOAD_SCHEMA],
  );
