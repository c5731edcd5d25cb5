/** The workers of a copy in parts, on the target: what each has, and what ended its last visit. */
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.copyWorkers;

/** `error` is what last ended a visit of the worker, for the operator. */
export const createCopyWorkers = (): Statement =>
  closed(
    NAME,
    `
create table ${TABLE} (
  worker int primary key,
  execution text not null,
  began_at timestamptz not null,
  seen_at timestamptz not null,
  part int,
  error text
)
`,
  );

/** A worker that has begun or goes on, with the part that it has. */
export const noteWorker = (worker: number, execution: string, part: number | null, error: string | null = null): Statement =>
  bound([worker, execution, part, error])(`
insert into ${TABLE} as w (worker, execution, began_at, seen_at, part, error)
values ($1::int, $2::text, clock_timestamp(), clock_timestamp(), $3::int, $4::text)
on conflict (worker) do update set began_at = case when w.execution = excluded.execution then w.began_at else excluded.began_at end,
  execution = excluded.execution, seen_at = excluded.seen_at, part = excluded.part, error = excluded.error
`);

/** Errors that last ended visits of workers in this execution, each once. */
export const workerErrors = (execution: string): Statement<{ readonly error: string }> =>
  bound([execution])(`select distinct error from ${TABLE} where execution = $1::text and error is not null order by 1 limit 5`);
