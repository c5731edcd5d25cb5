/** Whether the target has every index and constraint of the source, valid, by its definition. */
import type { Statement } from '../../lambdas/ports/database.ts';
import { identifier, qualified, statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';
import { sayTheSame } from '../../lambdas/schema/canonical.ts';
import type { BothSides } from './look.ts';
import { EVERYTHING, type Scope } from './scope.ts';

export interface IndexComparison {
  /** Indexes and constraints that the source has. */
  readonly expected: number;
  /** Names as SQL writes them. */
  readonly missing: readonly string[];
}

interface Definition {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  /** Of what it is on. */
  readonly relkind: string;
}

/** An invalid index is as good as none. */
const indexes = (): Statement<Definition> =>
  statement(`
select n.nspname::text as schema, t.relname::text as "table", c.relname::text as name, pg_get_indexdef(i.indexrelid) as definition, t.relkind::text
from pg_index as i
join pg_class as c on c.oid = i.indexrelid
join pg_class as t on t.oid = i.indrelid
join pg_namespace as n on n.oid = t.relnamespace
where i.indisvalid and i.indisready and ${USER_SCHEMA}
`);

/** Foreign keys of unlogged tables, which a side that subscribes has to do without. */
const HELD = "k.contype = 'f' and t.relpersistence = 'u'";

/** Constraints that were declared: those that a partition has from its parent come with it, not-null has its place in the column. */
const constraints = (subscribes: boolean): Statement<Definition> =>
  statement(`
select n.nspname::text as schema, t.relname::text as "table", k.conname::text as name, pg_get_constraintdef(k.oid) as definition, t.relkind::text
from pg_constraint as k
join pg_class as t on t.oid = k.conrelid
join pg_namespace as n on n.oid = t.relnamespace
where k.contype in ('p', 'u', 'f', 'x', 'c') and k.conparentid = 0 and ${USER_SCHEMA} ${subscribes ? `and not (${HELD})` : ''}
`);

/** They hold no rows of their own, so that CopySchema may leave them behind, with what hangs on them. */
const MAY_STAY = new Set(['m', 'f']);
const thoseThatMayStay = (): Statement<Pick<Definition, 'schema' | 'table'>> =>
  statement(`
select n.nspname::text as schema, c.relname::text as "table" from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('m', 'f') and ${USER_SCHEMA}
`);

const keyOf = ({ schema, table, name }: Definition): string => JSON.stringify([schema, table, name]);

/** @param subscribes whether the target subscribes to the source */
export async function compareIndexes(
  { source, target }: BothSides,
  scope: Scope = EVERYTHING,
  subscribes = false,
): Promise<IndexComparison> {
  const compare = async (statement: Statement<Definition>): Promise<IndexComparison> => {
    const made = new Set((await target(thoseThatMayStay())).map(({ schema, table }) => JSON.stringify([schema, table])));
    const expected = (await source(statement)).filter(
      ({ schema, table, relkind }) =>
        scope.includes(schema, table) && (!MAY_STAY.has(relkind) || made.has(JSON.stringify([schema, table]))),
    );
    const there = new Map((await target(statement)).map((one) => [keyOf(one), one.definition]));
    const missing = expected.filter((one) => !sayTheSame(one.definition, there.get(keyOf(one)) ?? ''));
    return {
      expected: expected.filter(({ schema }) => scope.counts(schema)).length,
      missing: missing.map(({ schema, table, name }) => `${identifier(name)} on ${qualified(schema, table)}`),
    };
  };
  const [one, other] = [await compare(indexes()), await compare(constraints(subscribes))];
  return { expected: one.expected + other.expected, missing: [...new Set([...one.missing, ...other.missing])] };
}
