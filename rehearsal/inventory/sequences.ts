/** Whether some sequence of the target could give out a value that the source has given out already. */
import type { Statement } from '../../lambdas/ports/database.ts';
import { literal, qualified, statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';
import type { BothSides, Look } from './look.ts';
import { EVERYTHING, type Scope } from './scope.ts';

export interface SequenceComparison {
  readonly compared: number;
  /** Names as SQL writes them. */
  readonly behind: readonly string[];
}

interface Sequence {
  readonly schema: string;
  readonly name: string;
  /** The table that it belongs to, where it belongs to one. */
  readonly owner: { readonly schema: string; readonly table: string } | null;
  readonly increment: string;
  readonly cycles: boolean;
}
interface Position {
  readonly name: string;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

const sequences = (): Statement<Sequence> =>
  statement(`
select n.nspname::text as schema, c.relname::text as name, s.seqincrement::text as increment, s.seqcycle as cycles, (
    select jsonb_build_object('schema', tn.nspname, 'table', t.relname)
    from pg_depend as d join pg_class as t on t.oid = d.refobjid join pg_namespace as tn on tn.oid = t.relnamespace
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') limit 1
  ) as owner
from pg_sequence as s
join pg_class as c on c.oid = s.seqrelid
join pg_namespace as n on n.oid = c.relnamespace
where c.relpersistence = 'p' and ${USER_SCHEMA}
and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2
`);

/** Reads the sequences themselves: pg_sequences knows no last value before the first call. */
const positions = (found: readonly Sequence[]): Statement<Position> =>
  statement(
    found
      .map(({ schema, name }) => qualified(schema, name))
      .map((name) => `select ${literal(name)} as name, last_value::text as "lastValue", is_called as "isCalled" from ${name}`)
      .join('\nunion all\n'),
  );

/** Branches of one `union all`: a statement of some 100 kB, well within a server's stack. */
const AT_ONCE = 500;

async function positionsOn(look: Look, found: readonly Sequence[]): Promise<Map<string, Position>> {
  const known = new Map<string, Position>();
  for (let start = 0; start < found.length; start += AT_ONCE) {
    for (const position of await look(positions(found.slice(start, start + AT_ONCE)))) known.set(position.name, position);
  }
  return known;
}

/** Value that the next call gives out. */
const next = ({ lastValue, isCalled }: Position, increment: bigint): bigint => BigInt(lastValue) + (isCalled ? increment : 0n);

export async function compareSequences({ source, target }: BothSides, scope: Scope = EVERYTHING): Promise<SequenceComparison> {
  const found = (await source(sequences())).filter(({ owner }) => owner === null || scope.includes(owner.schema, owner.table));
  const there = new Set((await target(sequences())).map(({ schema, name }) => qualified(schema, name)));
  const onSource = await positionsOn(source, found);
  const onTarget = await positionsOn(
    target,
    found.filter(({ schema, name }) => there.has(qualified(schema, name))),
  );
  const isBehind = (sequence: Sequence): boolean => {
    const before = onSource.get(qualified(sequence.schema, sequence.name));
    const after = onTarget.get(qualified(sequence.schema, sequence.name));
    if (!before || !after) return true;
    if (sequence.cycles) return false; // it gives out every value again by itself
    const increment = BigInt(sequence.increment);
    const ahead = next(after, increment) - next(before, increment);
    return increment > 0n ? ahead < 0n : ahead > 0n;
  };
  const counted = found.filter(({ schema }) => scope.counts(schema)).length;
  return { compared: counted, behind: found.filter(isBehind).map(({ schema, name }) => qualified(schema, name)) };
}
