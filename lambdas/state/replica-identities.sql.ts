/**
 * Replica identities that the migration sets, and the record of what was there, which stands in our schema on the side where the table is.
 * ALTER TABLE … REPLICA IDENTITY takes an ACCESS EXCLUSIVE lock (AlterTableGetLockLevel in tablecmds.c), behind which the application queues: so
 * each table is a statement of its own, which gives up soon. Its parameters are object identifiers; it reads names from the catalog itself.
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.replicaIdentities;
/** How long the application may have to wait behind us. */
const LOCK_TIMEOUT_MS = 1_000;

/** As pg_class.relreplident has it: default, nothing, full, index. */
export type IdentityKind = 'd' | 'n' | 'f' | 'i';

/** `became` is null until what was there is put back, or is known not to be ours to put back any more. */
export const createIdentities = (): Statement =>
  closed(
    NAME,
    `
create table if not exists ${TABLE} (
  relation oid primary key,
  was text not null,
  was_index text,
  set_to text not null,
  set_index text,
  set_at timestamptz not null default now(),
  became text
)
`,
  );

export const identitiesExist = () => tableExists(OWN_TABLES.replicaIdentities);

const NAME_OF_SUBJECT = `(
    select format('%I.%I', n.nspname, c.relname) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = subject and c.relkind = 'r')`;
const INDEX_OF_SUBJECT = `(
    select x.relname from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indrelid = subject and i.indisreplident)`;

/** Piece of a block: locks the table that is `subject`, and leaves the block where another has come under its name. */
const LOCK_SUBJECT = `
  perform set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', true);
  execute 'lock table only ' || subject_name || ' in access exclusive mode';
  if subject_name is distinct from ${NAME_OF_SUBJECT} then
    return;
  end if;`;

const alter = (kind: string, index: string): string => `
  execute format('alter table only %s replica identity %s', subject_name,
    case ${kind} when 'd' then 'default' when 'f' then 'full' when 'n' then 'nothing' else format('using index %I', ${index}) end);`;

/** An identity that a table is to have. */
export interface IdentityToSet {
  /** Numbers of the table and, for `i`, of the index. */
  readonly relation: number;
  readonly index: number | null;
  /** The table's present identity, without which nothing is done. */
  readonly seen: IdentityKind;
  readonly kind: IdentityKind;
}

/** Sets it, and records what was there. A record keeps what it says of that unless another session has set something else since it was made. */
export const setIdentity = ({ relation, index, seen, kind }: IdentityToSet): Statement =>
  statement(`
do $do$
declare
  subject oid := ${relation};
  chosen oid := ${index ?? 'null'};
  subject_name text := ${NAME_OF_SUBJECT};
  chosen_name text;
begin
  if subject_name is null then
    return;
  end if;${LOCK_SUBJECT}
  chosen_name := (select x.relname from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indexrelid = chosen and i.indrelid = subject);
  if (select c.relreplident from pg_class as c where c.oid = subject) <> '${seen}' or chosen is not null and chosen_name is null then
    return;
  end if;
  insert into ${TABLE} as r (relation, was, was_index, set_to, set_index)
  values (subject, '${seen}', ${INDEX_OF_SUBJECT}, '${kind}', chosen_name)
  on conflict (relation) do update set
    was = case when r.set_to = excluded.was then r.was else excluded.was end,
    was_index = case when r.set_to = excluded.was then r.was_index else excluded.was_index end,
    set_to = excluded.set_to, set_index = excluded.set_index, became = null;${alter(`'${kind}'`, 'chosen_name')}
end
$do$
`);

/**
 * Puts back what was there, unless another session has changed it since. An index that was the identity and is gone leaves nothing to
 * identify rows by ("If this index is dropped, the behavior is the same as NOTHING").
 */
export const putBackIdentity = (relation: number): Statement =>
  statement(`
do $do$
declare
  subject oid := ${relation};
  subject_name text := ${NAME_OF_SUBJECT};
  one record;
  now_kind text;
  now_index text;
  outcome text := 'put back';
begin
  select r.* into one from ${TABLE} as r where r.relation = subject and r.became is null;
  if not found then
    return;
  end if;
  if subject_name is null then
    outcome := 'gone';
  else${LOCK_SUBJECT}
    now_kind := (select c.relreplident from pg_class as c where c.oid = subject);
    now_index := ${INDEX_OF_SUBJECT};
    if now_kind <> one.set_to or one.set_to = 'i' and now_index <> one.set_index then
      if now_kind <> one.was or now_kind = 'i' and now_index is distinct from one.was_index then
        outcome := 'changed';
      end if;
    elsif one.was = 'i' and not exists (
      select from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indrelid = subject and x.relname = one.was_index
    ) then${alter(`'n'`, 'null')}
    else${alter('one.was', 'one.was_index')}
    end if;
  end if;
  update ${TABLE} set became = outcome where relation = subject;
end
$do$
`);

/** An identity that the server refuses to put back is left as it is, and reported. */
export const leaveIdentity = (relation: number): Statement =>
  statement(`update ${TABLE} set became = 'refused' where relation = $1::int8::oid`, [relation]);

/** An identity that we have set. */
export interface RecordedIdentity {
  readonly relation: number;
  /** As SQL writes it; undefined words where the table is gone. */
  readonly object: string;
  readonly was: IdentityKind;
  readonly wasIndex: string | null;
  readonly became: 'put back' | 'gone' | 'changed' | 'refused' | null;
}

/** To be asked only where {@link identitiesExist}, as everything below. */
export const recordedIdentities = (): Statement<RecordedIdentity> =>
  statement(`
select r.relation::int8::float8 as relation, r.was, r.was_index as "wasIndex", r.became,
  coalesce((select format('%I.%I', n.nspname, c.relname) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.oid = r.relation),
    'table number ' || r.relation) as object
from ${TABLE} as r
order by object
`);

/** Facts that the other side needs in order to set the same identity. */
export interface IdentityOfTwin {
  readonly schema: string;
  readonly table: string;
  readonly was: IdentityKind;
  readonly wasIndex: string | null;
  readonly kind: IdentityKind;
  readonly index: string | null;
  /** The statement that makes the index. */
  readonly definition: string | null;
}

/** Those that are still as we have set them. */
export const identitiesToCarry = (): Statement<IdentityOfTwin> =>
  statement(`
select n.nspname::text as schema, c.relname::text as table, r.was, r.was_index as "wasIndex", r.set_to as kind, r.set_index as index,
  coalesce(
    (select format('alter table only %I.%I add constraint %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid))
      from pg_constraint as k where k.conindid = x.oid and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')),
    pg_get_indexdef(x.oid)) as definition
from ${TABLE} as r
join pg_class as c on c.oid = r.relation and c.relreplident = r.set_to::"char"
join pg_namespace as n on n.oid = c.relnamespace
left join (pg_index as i join pg_class as x on x.oid = i.indexrelid and i.indisreplident) on i.indrelid = c.oid
where r.became is null and r.set_index is not distinct from x.relname::text
order by schema, "table"
`);

const WANTED = `jsonb_to_recordset($1::jsonb) as w ("schema" text, "table" text, was text, "wasIndex" text, kind text, index text, definition text)
join pg_namespace as n on n.nspname = w."schema"
join pg_class as c on c.relnamespace = n.oid and c.relname = w."table" and c.relkind = 'r'`;

/** On the side that has them from a dump, in the transaction that has carried it out: what was there on the side that was dumped. */
export const recordCarried = (carried: readonly IdentityOfTwin[]): Statement =>
  bound([JSON.stringify(carried)])(`
insert into ${TABLE} (relation, was, was_index, set_to, set_index)
select c.oid, w.was, w."wasIndex", w.kind, w.index from ${WANTED}
on conflict do nothing
`);

/** A table here that has another identity than its twin. */
export interface UnlikeTwin extends IdentityToSet {
  readonly object: string;
  readonly owner: string;
  readonly mayAlter: boolean;
  /** Of the index that is missing here; null where none is. */
  readonly definition: string | null;
}

export const unlikeTwins = (carried: readonly IdentityOfTwin[]): Statement<UnlikeTwin> =>
  bound([JSON.stringify(carried)])(`
select c.oid::int8::float8 as relation, format('%I.%I', n.nspname, c.relname) as object, c.relreplident::text as seen, w.kind,
  pg_get_userbyid(c.relowner)::text as owner, pg_has_role(c.relowner, 'usage') as "mayAlter",
  there.oid::int8::float8 as index, case when there.oid is null then w.definition end as definition
from ${WANTED}
left join lateral (
  select x.oid, i.indisreplident from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indrelid = c.oid and x.relname = w.index
) as there on true
where c.relreplident <> w.kind::"char" or w.kind = 'i' and there.indisreplident is not true
order by object
`);

/** As the other side's server has written it. */
export const makeIndex = (definition: string): Statement => statement(definition);

export const giveUpSoon = (): Statement<unknown> => statement(`select set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', true)`);

export const namesOf = (relations: readonly number[], most: number): Statement<{ readonly object: string }> =>
  bound([relations, most])(`
select format('%I.%I', n.nspname, c.relname) as object
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.oid = any ($1::int8[]::oid[])
order by object
limit $2::int
`);

/** Sessions that hold a lock on one of these tables, as the operator would name them, and for how long their transaction is open. */
export const holdersOf = (relations: readonly number[], most: number): Statement<{ readonly holder: string }> =>
  bound([relations, most])(`
select distinct format('pid %s of %s (%s), for %s s', a.pid, coalesce(a.usename, 'no role'), coalesce(nullif(a.application_name, ''), 'no application name'),
  coalesce(extract(epoch from clock_timestamp() - a.xact_start)::int, 0)) as holder
from pg_locks as l
join pg_stat_activity as a on a.pid = l.pid
where l.locktype = 'relation' and l.granted and l.database = (select d.oid from pg_database as d where d.datname = current_database())
  and l.relation = any ($1::int8[]::oid[]) and a.pid <> pg_backend_pid()
order by holder
limit $2::int
`);
