/** Sequences of the user: definitions from the catalog, positions from the sequence relations themselves. */
import type { Exclusions } from '../config/input.ts';
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, qualified, statement } from '../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';

/** As CREATE SEQUENCE has it. 64-bit numbers arrive as text. */
export interface SequenceDefinition {
  readonly schema: string;
  readonly name: string;
  /** `smallint`, `integer` or `bigint` */
  readonly type: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cycles: boolean;
}

/** Definition and position. */
export interface SequenceState extends SequenceDefinition {
  readonly last: string;
  readonly called: boolean;
}

/**
 * Condition for a sequence `s`, which is the relation `c` in the namespace `n`; `$1` and `$2` are {@link exclusions}. Every sequence that is
 * not temporary, those of serial and identity columns included, which are ordinary sequences with an owner. What belongs to an excluded
 * table goes with it. Unlogged ones count: their numbers may be in tables that are replicated.
 */
export const INCLUDED_SEQUENCE = `c.relpersistence <> 't' and ${INCLUDED_TABLE}
and not exists (
  select from pg_depend as owned
  join pg_class as c on c.oid = owned.refobjid
  join pg_namespace as n on n.oid = c.relnamespace
  where owned.classid = 'pg_class'::regclass and owned.objid = s.seqrelid and owned.objsubid = 0
    and owned.refclassid = 'pg_class'::regclass and owned.refobjsubid > 0 and owned.deptype in ('a', 'i')
    and not (${INCLUDED_TABLE})
)`;

/** The sequences that the input includes, by name. */
export function sequences(input: Exclusions): Statement<SequenceDefinition> {
  return bound(exclusions(input))(`
select n.nspname::text as schema, c.relname::text as name, format_type(s.seqtypid, null) as type,
  s.seqincrement::text as increment, s.seqmin::text as minimum, s.seqmax::text as maximum, s.seqcycle as cycles
from pg_sequence as s
join pg_class as c on c.oid = s.seqrelid
join pg_namespace as n on n.oid = c.relnamespace
where ${INCLUDED_SEQUENCE}
order by 1, 2
`);
}

/**
 * Number of sequences that one statement reads. Planning grows faster than the number: 1,000 took 55 ms and 4,000 took 550 ms on
 * PostgreSQL 15; a `union all` of as many selects took 300 ms and 8,700 ms.
 */
export const SEQUENCES_PER_STATEMENT = 2_000;

/** `n` counts the sequences as they were passed, from 0. */
export interface SequencePosition {
  readonly n: number;
  readonly last: string;
  readonly called: boolean;
}

/** The answer of a sequence itself. */
export interface SequenceLast {
  readonly n: number;
  /** Null before the first nextval, and after setval(…, false). */
  readonly last: string | null;
  /** Whether the name still leads to it. */
  readonly same: boolean;
}

/**
 * Asks the sequences themselves, by their object identifiers and not by their names, and so keeps them, in this transaction, from being
 * dropped or renamed: asking takes a lock on each.
 */
export const sequenceLasts = (some: readonly Pick<SequenceDefinition, 'schema' | 'name'>[]): Statement<SequenceLast> =>
  bound([JSON.stringify(some.map(({ schema, name }, n) => ({ n, schema, name })))])(`
select v.n, v.last, v.now = v.name as same
from (
  select v.n, format('%I.%I', v.schema, v.name) as name, pg_sequence_last_value(c.oid)::text as last, c.oid::regclass::text as now
  from jsonb_to_recordset($1::jsonb) as v (n int, schema text, name text)
  join pg_namespace as n on n.nspname = v.schema
  join pg_class as c on c.relnamespace = n.oid and c.relname = v.name and c.relkind = 'S'
  offset 0
) as v
`);

/**
 * A view that has taken the place of a relation is refused from here on, by the server: from the minor releases of August 2024 on, which
 * know the setting. @param local for this transaction rather than for this session
 */
export const refuseViews = (local: boolean): Statement<unknown> =>
  bound([local])(`
select set_config(name, 'view,foreign-table', $1::boolean)
from (values ('restrict_nonsystem_relation_kind')) as pinned (name) where current_setting(name, true) is not null
`);

/**
 * Reads the relations of sequences that were not called, because pg_sequences.last_value is null for them
 * (https://www.postgresql.org/docs/current/view-pg-sequences.html). Takes nothing out of a sequence. Only after {@link sequenceLasts}.
 */
export function sequencePositions(some: readonly Pick<SequenceDefinition, 'schema' | 'name'>[]): Statement<SequencePosition> {
  const rows = some.map(
    ({ schema, name }, n) => `(${n}, (select array[last_value::text, is_called::text] from ${qualified(schema, name)}))`,
  );
  return statement(`
select n, p[1] as last, p[2]::boolean as called
from (values ${rows.join(',\n')}) as v (n, p)
`);
}

/** Keeps two runs from setting sequences at a time, so that the slower one cannot set them back. Held until the transaction ends. */
export const lockSequences = (): Statement<unknown> =>
  statement(`select pg_advisory_xact_lock(hashtextextended('${SCHEMA}.sequences', 0))`);

/** A sequence, and where to set it. */
export interface SequenceSetting {
  readonly schema: string;
  readonly name: string;
  readonly last: string;
  readonly called: boolean;
}

/** Takes effect at once and is not rolled back, as the manual says of setval. */
export const setSequences = (settings: readonly SequenceSetting[]): Statement<{ last: string }> =>
  bound([JSON.stringify(settings)])(`
select setval(format('%I.%I', v.schema, v.name)::regclass, v.last, v.called)::text as last
from jsonb_to_recordset($1::jsonb) as v (schema text, name text, last bigint, called boolean)
`);
