/** Sequences by the catalog, without taking a value from any. */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

export interface SequenceState {
  readonly object: string;
  readonly cycles: boolean;
  /** How much of the range has been used up, 0 to 1. */
  readonly used: number;
  /** How many more values it can give, in steps of its increment; as text, because it may exceed what a number holds. */
  readonly left: string;
}

/** Sequences that cycle, have used more than `share` of their range, or have fewer than `margin` values left. */
export const sequencesOfNote = (input: Exclusions, share: number, margin: number): Statement<SequenceState> =>
  bound([...exclusions(input), share, margin])(`
with state as (
  select format('%I.%I', n.nspname, c.relname) as object, s.cycle as cycles,
    case when s.increment_by > 0
      then (coalesce(s.last_value, s.start_value)::numeric - s.min_value) / (s.max_value::numeric - s.min_value)
      else (s.max_value - coalesce(s.last_value, s.start_value)::numeric) / (s.max_value::numeric - s.min_value)
    end as used,
    div(case when s.increment_by > 0
      then s.max_value - coalesce(s.last_value, s.start_value)::numeric
      else coalesce(s.last_value, s.start_value)::numeric - s.min_value
    end, abs(s.increment_by::numeric)) as "left"
  from pg_sequences as s
  join pg_namespace as n on n.nspname = s.schemaname
  join pg_class as c on c.relnamespace = n.oid and c.relname = s.sequencename
  where c.relkind = 'S' and c.relpersistence <> 't' and ${INCLUDED_TABLE}
)
select object, cycles, used::float8 as used, "left"::text as "left"
from state
where cycles or used > $3::numeric or "left" < $4::numeric
order by object
`);
