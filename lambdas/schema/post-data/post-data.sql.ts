/** Our own list, on the target, of the statements that CopySchema leaves for {@link BUILDERS}, and of what became of each. */
import type { TableName } from '../../config/input.ts';
import { applicationName } from '../../config/names.ts';
import type { StepName } from '../../engine/machines.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, literal, statement } from '../../postgres/quote.ts';
import { GIVE_DUE_OWNERS } from '../../state/access-due.sql.ts';
import { closed } from '../../state/closed.sql.ts';
import { tableExists } from '../../state/exists.sql.ts';
import { OWN_TABLES } from '../../state/tables.ts';
import { KEY_KINDS, type PostDataKind } from '../dump/kinds.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.postData;

/** The steps that carry out listed statements. What one has left to the server the others find running. */
export const BUILDERS = ['BuildCopied', 'BuildKeys', 'BuildIndexes'] as const satisfies readonly StepName[];
export type Builder = (typeof BUILDERS)[number];

/**
 * `finished_at` is written in the transaction of the statement itself, so it can be trusted. So are `code`, `error`, `hint`, `culprit`,
 * the function in which the error arose, and `own_words`, whether the error arose in the statement itself and not in code that it set off:
 * the server writes them, because the client may be gone when it fails.
 * `execution` started the statement last, `attempts` times.
 */
export const createPostData = (): Statement =>
  closed(
    NAME,
    `
create table ${TABLE} (
  ordinal int primary key,
  kind text not null,
  schema text,
  object text not null,
  on_schema text,
  on_table text,
  to_schema text,
  to_table text,
  text text not null,
  execution text,
  attempts int not null default 0,
  finished_at timestamptz,
  code text,
  error text,
  hint text,
  culprit text,
  own_words boolean
)
`,
  );

/** Of all tables that the role may analyze. */
export const analyzeAll = 'analyze';

/**
 * Of all tables, materialized views and catalogs that the role may vacuum, each in a transaction of its own, and so never from within one
 * (https://www.postgresql.org/docs/current/sql-vacuum.html). What is all-visible already is passed over, so a second one is cheap.
 */
export const vacuumAll = 'vacuum';

/** A statement as it is listed. */
export interface Deferred {
  readonly ordinal: number;
  readonly kind: PostDataKind;
  /** Schema of the object that the statement makes; null where it lives in none, or was not given. */
  readonly schema: string | null;
  readonly object: string;
  readonly onSchema: string | null;
  readonly onTable: string | null;
  /** The table that a foreign key refers to. */
  readonly toSchema: string | null;
  readonly toTable: string | null;
  readonly text: string;
}

export const listDeferred = (deferred: readonly Deferred[]): Statement =>
  bound([JSON.stringify(deferred)])(`
insert into ${TABLE} (ordinal, kind, schema, object, on_schema, on_table, to_schema, to_table, text)
select ordinal, kind, schema, object, "onSchema", "onTable", "toSchema", "toTable", text
from jsonb_to_recordset($1::jsonb) as d (ordinal int, kind text, schema text, object text, "onSchema" text, "onTable" text,
  "toSchema" text, "toTable" text, text text)
`);

/** Indexes that are no constraint, and the kinds that fill an index. */
const PLAIN = `'index', 'key index'`;
const FILLING = `${PLAIN}, 'key', 'unique', 'exclusion'`;

/** Condition: the catalog holds what a row `w` of a kind in {@link IN_CATALOG} makes, and it is usable. */
const THERE = `case when w.kind = 'domain check' then exists (
  select from pg_constraint as k
  join pg_type as t on t.oid = k.contypid
  join pg_namespace as n on n.oid = t.typnamespace
  where n.nspname = w.on_schema and t.typname = w.on_table and k.conname = w.object
) else exists (
  select from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = w.on_schema and c.relname = w.on_table
  and case when w.kind in (${PLAIN})
    then exists (
      select from pg_index as i
      join pg_class as ic on ic.oid = i.indexrelid
      where i.indrelid = c.oid and ic.relname = w.object and (i.indisvalid or ic.relkind = 'I'))
    else exists (select from pg_constraint as k where k.conrelid = c.oid and k.conname = w.object)
  end
) end`;
/** Kinds of which the catalog can tell whether they were carried out. A partitioned index becomes valid only with its attachments. */
const IN_CATALOG = `w.kind in (${FILLING}, 'domain check', 'check', 'foreign key')`;

/** A listed statement and what became of it. */
export interface Work extends Omit<Deferred, 'text'> {
  /** Carried out, and where the catalog can tell, still there. */
  readonly done: boolean;
  /** A server process is busy with it, whichever session started it. */
  readonly running: boolean;
  readonly execution: string | null;
  readonly attempts: number;
  readonly code: string | null;
  readonly error: string | null;
  readonly hint: string | null;
  readonly culprit: string | null;
  readonly ownWords: boolean | null;
  /** The beginning of the statement where it failed, else null. */
  readonly text: string | null;
  /** Size of the table without its indexes; 0 where it is locked, or was not measured because nothing is open on it. */
  readonly bytes: number;
}

/** The application name of the session that carries out one statement. */
export const workerName = (step: Builder, ordinal: number): string => applicationName(step, String(ordinal));

/**
 * Measuring a table waits behind a session that has locked it exclusively or waits to, so such tables are not measured.
 * @param measured tables that are measured, of those on which something is open. @default - all
 */
export const workList = (measured?: readonly TableName[]): Statement<Work> =>
  bound([BUILDERS.map((step) => applicationName(step, '')), measured ? JSON.stringify(measured) : null])(`
with locked as materialized (
  select relation from pg_locks where mode = 'AccessExclusiveLock' and locktype = 'relation'
), busy as materialized (
  select application_name from pg_stat_activity where datname = current_database() and state = 'active'
), unmeasured as (
  select w.ordinal from ${TABLE} as w
  where w.finished_at is not null or $2::text is not null and (w.on_schema, w.on_table) not in (
    select m.schema, m."table" from jsonb_to_recordset($2::text::jsonb) as m (schema text, "table" text))
)
select w.ordinal, w.kind, w.schema, w.object, w.on_schema as "onSchema", w.on_table as "onTable", w.to_schema as "toSchema",
  w.to_table as "toTable", w.finished_at is not null and (not (${IN_CATALOG}) or ${THERE}) as done,
  exists (select from unnest($1::text[]) as b (name) where b.name || w.ordinal in (select application_name from busy)) as running,
  w.execution, w.attempts, w.code, w.error, w.hint, w.culprit, w.own_words as "ownWords",
  case when w.error is not null then left(w.text, 500) end as text,
  case when c.oid is null or c.oid in (select relation from locked) or w.ordinal in (select ordinal from unmeasured) then 0
    else coalesce(pg_table_size(c.oid), 0) end::float8 as bytes
from ${TABLE} as w
left join pg_namespace as n on n.nspname = w.on_schema
left join pg_class as c on c.relnamespace = n.oid and c.relname = w.on_table and c.relkind in ('r', 'm')
order by w.ordinal
`);

export const postDataExists = () => tableExists(OWN_TABLES.postData);

/** Whether keys are still to be made that a copy in parts has left for after it. To be asked only where {@link postDataExists}. */
export const keysWait = (): Statement<{ readonly waits: boolean }> =>
  bound([[...KEY_KINDS]])(`select exists (select from ${TABLE} where kind = any ($1::text[]) and finished_at is null) as waits`);

/** Whether a routine is still to be made, which an index may call: until then, an overload of it may be found in its place. */
export const routinesWait = (): Statement<{ readonly waits: boolean }> =>
  statement(`
select exists (
  select from ${TABLE} where kind = 'definition' and finished_at is null and text ~ '^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE) '
) as waits
`);

/**
 * Records the execution that starts a statement, before it is started. One that was finished, and whose object is gone from the catalog
 * since, begins anew.
 */
export const markStarted = (step: Builder, { ordinal }: Pick<Work, 'ordinal'>, execution: string): Statement =>
  bound([ordinal, execution, workerName(step, ordinal)])(`
with named as (select set_config('application_name', $3::text, false) as name)
update ${TABLE} as w
set attempts = case when w.execution = $2::text then w.attempts else 0 end + 1, execution = $2::text,
  finished_at = null, code = null, error = null, hint = null, culprit = null, own_words = null
from named
where w.ordinal = $1::int and (w.finished_at is null or ${IN_CATALOG} and not ${THERE})
`);

/**
 * Carries out a listed statement and keeps the outcome, all by the server: it goes on when we disconnect. Another session that runs the same
 * statement is left to it. An invalid index of the same name, left by a broken `create index concurrently`, is dropped.
 */
export const carryOut = (ordinal: number): string =>
  `
do $do$
declare
  w ${TABLE};
  broken text;
  said_code text;
  said text;
  said_hint text;
  said_context text;
begin
  if not pg_try_advisory_xact_lock(hashtext(${literal(TABLE)}), ${ordinal}) then return; end if;
  select * into w from ${TABLE} where ordinal = ${ordinal};
  if not found or w.finished_at is not null then return; end if;
  if not (${IN_CATALOG} and ${THERE}) then
    begin
      for broken in
        select format('%I.%I', n.nspname, ic.relname)
        from pg_index as i
        join pg_class as ic on ic.oid = i.indexrelid
        join pg_class as c on c.oid = i.indrelid
        join pg_namespace as n on n.oid = c.relnamespace
        where w.kind in (${FILLING}) and not i.indisvalid and ic.relkind = 'i'
        and n.nspname = w.on_schema and c.relname = w.on_table and ic.relname = w.object
        and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
      loop
        execute 'drop index ' || broken;
      end loop;
      execute w.text;
      if w.kind = 'definition' then${GIVE_DUE_OWNERS}
      end if;
    exception when others then
      get stacked diagnostics said_code = returned_sqlstate, said = message_text, said_hint = pg_exception_hint,
        said_context = pg_exception_context;
      -- Triggers, policies, rules and the like that somebody else has made are there.
      if not (said_code in ('42710', '42723', '42P07') and w.kind in ('definition', 'detail', 'event trigger')) then
        update ${TABLE} set code = said_code, error = said, hint = nullif(said_hint, ''),
          culprit = coalesce((regexp_match(said_context, 'PL/pgSQL function ([^\\n]+\\)) line'))[1],
            (regexp_match(said_context, 'SQL function "([^\\n]+)" (?:statement|during)'))[1]),
          own_words = regexp_replace(regexp_replace(said_context, '^parallel worker\\n', ''),
            '(^|\\n)PL/pgSQL function inline_code_block line [0-9]+ at EXECUTE$', '') in ('', format('SQL statement "%s"', w.text))
        where ordinal = ${ordinal};
        return;
      end if;
    end;
  end if;
  update ${TABLE} set finished_at = clock_timestamp() where ordinal = ${ordinal};
end
$do$
`.trim();

/** Text of a statement that cannot run inside {@link carryOut}. */
export const textOf = (ordinal: number): Statement<{ readonly text: string }> =>
  statement(`select text from ${TABLE} where ordinal = $1::int and finished_at is null`, [ordinal]);

/** After a statement that ran by itself. Where the client was gone by then it is found unfinished, and runs again. */
export const markFinished = (ordinal: number): Statement =>
  statement(`update ${TABLE} set finished_at = clock_timestamp() where ordinal = $1::int and finished_at is null`, [ordinal]);

/** Settings of the target that say how much building may take. */
export interface BuildSettings {
  readonly sharedBuffers: number;
  readonly maintenanceWorkMem: number;
  readonly parallelWorkers: number;
  readonly workerProcesses: number;
}

export const buildSettings = (): Statement<BuildSettings> =>
  statement(`
select pg_size_bytes(current_setting('shared_buffers'))::float8 as "sharedBuffers",
  pg_size_bytes(current_setting('maintenance_work_mem'))::float8 as "maintenanceWorkMem",
  current_setting('max_parallel_maintenance_workers')::float8 as "parallelWorkers",
  current_setting('max_worker_processes')::float8 as "workerProcesses"
`);

/** For one session of a builder; `bytes` of memory, a whole number of kilobytes at least. */
export const setBuildSettings = (bytes: number, parallelWorkers: number): Statement =>
  bound([bytes, parallelWorkers])(`
select set_config('maintenance_work_mem', ($1::int8 / 1024)::text || 'kB', false),
  set_config('max_parallel_maintenance_workers', $2::int::text, false), set_config('transaction_timeout', '0', false)
`);
