/**
 * Foreign keys from tables that no stream brings, such as unlogged ones, to tables that one does. TRUNCATE … CASCADE reaches both where it is
 * run, but the stream brings it for the published table alone, and a subscriber refuses it as long as such a key is there, even from an
 * empty table (https://www.postgresql.org/docs/current/sql-truncate.html). So on the side that subscribes they are held: dropped, with
 * their definitions written down, and made again when it no longer subscribes.
 */
import type { Exclusions } from '../config/input.ts';
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import type { ForeignKey } from '../postgres/foreign-keys.sql.ts';
import { bound, literal, statement } from '../postgres/quote.ts';
import { subscriptionIds } from '../postgres/subscription-ids.sql.ts';
import { exclusions, INCLUDED_TABLE } from '../postgres/tables.sql.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { eachHeld, TRIES } from './held-loop.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.heldKeys;

/** Condition: some table in which rows of `c` are, itself or a partition of it, fulfils another condition on `x`. */
const someLeaf = (condition: string): string => `exists (
  with recursive leaf (oid) as (select c.oid union select i.inhrelid from pg_inherits as i join leaf as l on l.oid = i.inhparent where c.relkind = 'p')
  select from leaf as l join pg_class as x on x.oid = l.oid where x.relkind = 'r' and ${condition})`;

/** Those of the source that a target must not have while it subscribes: from unlogged tables that are moved. */
export const foreignKeysToHold = (input: Exclusions): Statement<ForeignKey> =>
  bound(exclusions(input))(`
select n.nspname::text as schema, c.relname::text as table, k.conname::text as name
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_class as t on t.oid = k.confrelid
where k.contype = 'f' and k.conparentid = 0 and t.relpersistence = 'p' and ${someLeaf("x.relpersistence = 'u'")} and ${INCLUDED_TABLE}
order by 1, 2, 3
`);

/**
 * `held` says whether it is not there now, `refused` whether the server would not make it again; a row stays once it is made, so that
 * no check takes it for a change of the schema.
 */
export const createHeldKeys = (): Statement =>
  closed(
    NAME,
    `create table if not exists ${TABLE} (schema text not null, "table" text not null, name text not null, text text not null,
  held boolean not null default true, refused boolean not null default false, primary key (schema, "table", name))`,
  );

/** A key as it is to be made. */
export interface HeldKey extends ForeignKey {
  /** The statement that makes it. */
  readonly text: string;
}

export const listHeldKeys = (keys: readonly HeldKey[]): Statement =>
  bound([JSON.stringify(keys)])(`
insert into ${TABLE} (schema, "table", name, text)
select schema, "table", name, text from jsonb_to_recordset($1::jsonb) as k (schema text, "table" text, name text, text text)
`);

export const heldKeysExist = () => tableExists(OWN_TABLES.heldKeys);

/** To be asked only where {@link heldKeysExist}. */
export const heldKeys = (): Statement<HeldKey & { readonly held: boolean; readonly refused: boolean }> =>
  statement(`select schema, "table", name, text, held, refused from ${TABLE} order by 1, 2, 3`);

/**
 * On the side that is to subscribe, whose subscription knows its tables already; a key to a partitioned table reaches its partitions. In
 * this order, in one transaction. One that we may not drop, or whose table cannot be had, stays, whatever the reason: a switch is committed by
 * then, and nothing of it may fail for what perhaps never happens. @param subscription name of the one that is about to be enabled
 */
export const holdKeys = (subscription: string): Statement[] => [
  createHeldKeys(),
  eachHeld(
    OWN_TABLES.heldKeys,
    `
  for one in
    with recursive brought (oid) as (
      select r.srrelid from pg_subscription_rel as r
      where r.srsubid in ${subscriptionIds(`${literal(subscription)}::name`)}
    ), reached (oid) as (
      select f.oid from pg_constraint as f where f.contype = 'f' and f.confrelid in (select b.oid from brought as b)
      union
      select p.oid from reached as r
      join pg_constraint as f on f.oid = r.oid
      join pg_constraint as p on p.oid = f.conparentid
    )
    select n.nspname as schema, c.relname as "table", f.conname as name, pg_get_constraintdef(f.oid) as definition
    from reached as r
    join pg_constraint as f on f.oid = r.oid and f.conparentid = 0
    join pg_class as c on c.oid = f.conrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where ${someLeaf('x.oid not in (select b.oid from brought as b)')} and n.nspname <> '${SCHEMA}'
  loop
    begin
      insert into ${TABLE} (schema, "table", name, text)
      values (one.schema, one."table", one.name, format('alter table %I.%I add constraint %I %s', one.schema, one."table", one.name, one.definition))
      on conflict (schema, "table", name) do update set text = excluded.text, held = true, refused = false;
      execute format('alter table %I.%I drop constraint %I', one.schema, one."table", one.name);
    exception
      when others then null;
    end;
  end loop;`,
  ),
];

/** Condition: a key is to be valid, and its table `c` takes it NOT VALID at first, which a partitioned one does from 18 on only. */
const madeInTwo = (text: string): string => `${text} !~* 'not valid\\s*$' and c.relkind = 'r'`;

/**
 * Makes again what is held, NOT VALID at first: rows are not validated while the tables are locked, to which the application may be writing
 * by now ({@link validateKeys} does that). Where a table cannot be had for a moment the key stays held, and is made by the next visit,
 * by Cleanup at the latest. Whatever else is refused stays held too: a switch is committed by then.
 */
export const releaseKeys = (): Statement =>
  eachHeld(
    OWN_TABLES.heldKeys,
    `
  for one in select * from ${TABLE} where held
  loop
    for try in 1..${TRIES} loop
      begin
        if to_regclass(format('%I.%I', one.schema, one."table")) is not null and not exists (
          select from pg_constraint where conrelid = to_regclass(format('%I.%I', one.schema, one."table")) and conname = one.name)
        then
          execute one.text || case when exists (
            select from pg_class as c where c.oid = to_regclass(format('%I.%I', one.schema, one."table")) and ${madeInTwo('one.text')}) then ' not valid' else '' end;
        end if;
        update ${TABLE} set held = false, refused = false where schema = one.schema and "table" = one."table" and name = one.name;
        exit;
      exception
        when lock_not_available or deadlock_detected then null;
        when others then
          update ${TABLE} set refused = true where schema = one.schema and "table" = one."table" and name = one.name;
          exit;
      end;
    end loop;
  end loop;`,
  );

/**
 * Validates those that were made, which does not block writes
 * (https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES). Rows of a table that no stream brings may refer to what is
 * gone by now: then the key stays NOT VALID, and so does one whose table cannot be had.
 */
export const validateKeys = (): Statement =>
  eachHeld(
    OWN_TABLES.heldKeys,
    `
  for one in
    select h.schema, h."table", h.name from ${TABLE} as h
    join pg_namespace as n on n.nspname = h.schema
    join pg_class as c on c.relnamespace = n.oid and c.relname = h."table"
    join pg_constraint as o on o.conrelid = c.oid and o.conname = h.name and o.contype = 'f' and not o.convalidated
    where not h.held and ${madeInTwo('h.text')}
  loop
    begin
      execute format('alter table %I.%I validate constraint %I', one.schema, one."table", one.name);
    exception
      when others then null;
    end;
  end loop;`,
  );
