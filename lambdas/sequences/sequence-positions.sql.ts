/**
 * Exact positions of many sequences in one round trip, for a switch, where every round trip is downtime. What is slow or long is sent
 * beforehand: a temporary table with the sequences, and a temporary procedure that reads or sets them by it. Both are gone with the session.
 *
 * They are procedures because a procedure may commit (https://www.postgresql.org/docs/current/plpgsql-transactions.html): a transaction
 * keeps a lock on every sequence that it reads or sets, and the lock table of a small server has room for fewer than 10,000
 * (https://www.postgresql.org/docs/current/runtime-config-locks.html). So they must not be called inside of a transaction.
 */
import type { Exclusions } from '../config/input.ts';
import { PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, qualified, statement } from '../postgres/quote.ts';
import { exclusions } from '../postgres/tables.sql.ts';
import { OWN_TABLES } from '../state/tables.ts';
import { INCLUDED_SEQUENCE, type SequenceDefinition } from './sequences.sql.ts';

const { table: PLANNED } = OWN_TABLES.plannedSequences;
const READ = qualified('pg_temp', `${PREFIX}_read_sequences`);
const { table: UNCALLED } = OWN_TABLES.uncalledSequences;
const SET = qualified('pg_temp', `${PREFIX}_set_sequences`);

/** Sequences between two commits, each of which takes a place in the server's lock table. */
export const BATCH = 500;
const STATEMENT = `${PREFIX}_uncalled_`;
/** DDL that is under way makes a read wait; it gives up as every other look does. Local to each of the transactions. */
const LIMIT_WAITING = `perform set_config('lock_timeout', '5000', true);`;

/** The planned sequences `p`, and what they are now: `c.oid` is null for one that was dropped, renamed or altered since. */
const PLANNED_NOW = `${PLANNED} as p
left join (pg_namespace as n join pg_class as c on c.relnamespace = n.oid join pg_sequence as s on s.seqrelid = c.oid)
  on n.nspname = p.schema and c.relname = p.name and s.seqtypid = p.type and s.seqincrement = p.increment
  and s.seqmin = p.minimum and s.seqmax = p.maximum and s.seqcycle = p.cycles`;

/** Removes what an earlier attempt may have left in the session, and makes the table anew. */
export const createPlanned = (): string => `
drop table if exists ${PLANNED}, ${UNCALLED};
create temporary table ${PLANNED} (
  n int primary key, schema name, name name, type oid, increment bigint, minimum bigint, maximum bigint, cycles boolean
);
create temporary table ${UNCALLED} (batch int primary key, statement name);
do $do$
declare
  one name;
begin
  for one in select name from pg_prepared_statements where starts_with(name, ${literal(STATEMENT)}) loop
    execute format('deallocate %I', one);
  end loop;
end
$do$`;

/**
 * Reads sequences that have not been called, a batch by one statement that is planned beforehand: read one by one, each by a statement of its
 * own, they take ten times as long. Each tells by its OID what was read. @param some places within the batch, from 1
 */
export const prepareUncalled = (
  batch: number,
  some: readonly (Pick<SequenceDefinition, 'schema' | 'name'> & { readonly place: number })[],
): Statement[] => [
  statement(`
prepare ${identifier(`${STATEMENT}${batch}`)} as
select array_agg(n), array_agg(oid), array_agg(last), array_agg(called)
from (
${some
  .map(
    ({ schema, name, place }) =>
      `select ${place} as n, tableoid as oid, last_value::text as last, is_called as called from ${qualified(schema, name)}`,
  )
  .join('\nunion all\n')}
) as s`),
  statement(`insert into ${UNCALLED} values ($1::int, $2::name)`, [batch, `${STATEMENT}${batch}`]),
];

/** Numbered as they are passed, from 0. */
export const fillPlanned = (planned: readonly SequenceDefinition[]): Statement =>
  bound([JSON.stringify(planned.map((definition, n) => ({ n, ...definition })))])(`
insert into ${PLANNED}
select v.n, v.schema, v.name, v.type::regtype, v.increment, v.minimum, v.maximum, v.cycles
from jsonb_to_recordset($1::jsonb)
  as v (n int, schema text, name text, type text, increment bigint, minimum bigint, maximum bigint, cycles boolean)
`);

/** Without statistics the joins of the procedures could be planned as loops in loops. */
export const analyzePlanned = (): Statement => statement(`analyze ${PLANNED}`);

/** Those that our role may not set. It may be asked of sequences only, and conditions are tried in any order, those of CASE excepted. */
export const unsettable = (): Statement<{ n: number }> =>
  statement(`select p.n from ${PLANNED_NOW} 
where case when c.relkind = 'S' then not has_sequence_privilege(c.oid, 'update') end order by p.n`);

/** What the planned ones are by now, in their order. The joins are made once, because each batch would make them anew. */
const PLANNED_OIDS = `array(select c.oid from ${PLANNED_NOW} order by p.n)`;
const CHANGED = 'array(select (o.n - 1)::int from unnest(oids) with ordinality as o (oid, n) where o.oid is null order by o.n)';
const BATCHES = `0 .. (cardinality(oids) - 1) / ${BATCH}`;
const batchOf = (array: string): string => `${array}[batch_number * ${BATCH} + 1 : (batch_number + 1) * ${BATCH}]`;

/**
 * A sequence that was called tells its last value to a function, which is quicker than a query. One that was not called tells nothing
 * there, so its relation is read, which is exact in every case, those of setval(…, false) and of RESTART included: by a statement that was
 * prepared (`prepareUncalled`), or else by one of its own. Sequences made since are found by their OIDs, and only they are held against the
 * exclusions.
 */
export const createRead = (): string => `
create or replace procedure ${READ}(
  excluded_schemas text[], excluded_tables text,
  inout lasts text[], inout called boolean[], inout changed int[], inout appeared text[]
) language plpgsql as $do$
declare
  oids oid[] := ${PLANNED_OIDS};
  unplanned oid[];
  prepared name;
  places int[];
  read_oids oid[];
  read_lasts text[];
  read_called boolean[];
  batch_lasts text[];
  batch_called boolean[];
  unread int[];
  place int;
  last text;
  was_called boolean;
begin
  lasts := '{}'; called := '{}'; appeared := '{}';
  changed := ${CHANGED};
  for batch_number in ${BATCHES} loop
    exit when changed <> '{}';
    ${LIMIT_WAITING}
    places := '{}'; read_oids := '{}'; read_lasts := '{}'; read_called := '{}';
    select u.statement into prepared from ${UNCALLED} as u where u.batch = batch_number;
    if prepared is not null then
      execute format('execute %I', prepared) into places, read_oids, read_lasts, read_called;
    end if;
    select array_agg(v.last order by v.n), array_agg(v.called order by v.n), coalesce(array_agg(v.n) filter (where v.last is null), '{}')
    into batch_lasts, batch_called, unread
    from (
      select o.n, coalesce(r.last, pg_sequence_last_value(o.oid)::text) as last, coalesce(r.called, true) as called
      from unnest(${batchOf('oids')}) with ordinality as o (oid, n)
      left join unnest(places, read_oids, read_lasts, read_called) as r (n, oid, last, called) on r.n = o.n and r.oid = o.oid
    ) as v;
    foreach place in array unread loop
      execute 'select last_value::text, is_called from ' || oids[batch_number * ${BATCH} + place]::regclass
      into strict last, was_called;
      batch_lasts[place] := last;
      batch_called[place] := was_called;
    end loop;
    lasts := lasts || batch_lasts;
    called := called || batch_called;
    commit;
  end loop;
  unplanned := array(select oid from pg_class where relkind = 'S' and relpersistence <> 't' except select unnest(oids));
  if unplanned <> '{}' then
    appeared := array(
      select format('"%s"."%s"', n.nspname, c.relname)
      from pg_sequence as s
      join pg_class as c on c.oid = s.seqrelid
      join pg_namespace as n on n.oid = c.relnamespace
      where c.oid = any (unplanned) and ${INCLUDED_SEQUENCE}
      order by 1
    );
  end if;
end
$do$`;

/** In the order of the plan. Where one of the latter two holds anything, the plan no longer fits; nothing is read where `changed` does. */
export interface PositionsRead {
  readonly lasts: readonly string[];
  readonly called: readonly boolean[];
  /** Numbers of those that were dropped, renamed or altered since they were planned. */
  readonly changed: readonly number[];
  /** Names of those that were made since. */
  readonly appeared: readonly string[];
}

export const readPlanned = (input: Exclusions): Statement<PositionsRead> =>
  statement(`call ${READ}($1::text[], $2::text, null, null, null, null)`, exclusions(input));

/**
 * Sets nothing where a sequence was dropped, renamed or altered. What it sets takes effect at once, as the manual says of setval. To set one
 * is several times the work of looking at it, so one that is said to stand there already is only looked at.
 */
export const createSet = (): string => `
create or replace procedure ${SET}(lasts bigint[], called boolean[], stands boolean[], inout changed int[]) language plpgsql as $do$
declare
  oids oid[] := ${PLANNED_OIDS};
begin
  changed := ${CHANGED};
  for batch_number in ${BATCHES} loop
    exit when changed <> '{}';
    ${LIMIT_WAITING}
    perform setval(o.oid, o.last, o.called)
    from unnest(${['oids', 'lasts', 'called', 'stands'].map(batchOf).join(', ')}) as o (oid, last, called, stands)
    where case
      when not o.stands then true
      when o.called then pg_sequence_last_value(o.oid) is distinct from o.last
      else pg_sequence_last_value(o.oid) is not null
    end;
    commit;
  end loop;
end
$do$`;

/** One position for each of the planned, in their order. @param stands whether it stood there when it was last read */
export const setPlanned = (
  lasts: readonly string[],
  called: readonly boolean[],
  stands: readonly boolean[],
): Statement<{ changed: readonly number[] }> =>
  statement(`call ${SET}($1::bigint[], $2::boolean[], $3::boolean[], null)`, [[...lasts], [...called], [...stands]]);
