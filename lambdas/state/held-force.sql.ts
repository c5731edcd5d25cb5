/**
 * FORCE ROW LEVEL SECURITY, which binds a table's owner as well. From version 16 on changes are applied as the owner of each table, in 15 as
 * the owner of the subscription, and a worker whom policies concern refuses to apply anything to the table
 * (https://www.postgresql.org/docs/current/logical-replication-restrictions.html and -security.html); before, it does not look at them. So on the
 * side that subscribes it is held: taken away, with the tables written down, and put back when that side is opened, in the same transaction.
 */
import type { TableName } from '../config/input.ts';
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, literal, statement } from '../postgres/quote.ts';
import { subscriptionIds } from '../postgres/subscription-ids.sql.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { eachHeld, TRIES } from './held-loop.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.heldForce;

/** From here on a worker whom policies concern refuses to apply. */
export const APPLIES_UNDER_POLICIES_SINCE = 15;

/**
 * `copied` says whether it was taken away before anything was recorded of the target, `held` whether it is not there now, `refused` whether
 * the server would not put it back; a row stays once it is made, so that no check takes it for a change of the schema.
 */
export const createHeldForce = (): Statement =>
  closed(
    NAME,
    `create table if not exists ${TABLE} (schema text not null, "table" text not null, copied boolean not null default false,
  held boolean not null default true, refused boolean not null default false, primary key (schema, "table"))`,
  );

/** Those that the copy of the schema makes without it. */
export const listHeldForce = (tables: readonly TableName[]): Statement =>
  bound([JSON.stringify(tables)])(`
insert into ${TABLE} (schema, "table", copied)
select schema, "table", true from jsonb_to_recordset($1::jsonb) as t (schema text, "table" text)
`);

export const heldForceExists = () => tableExists(OWN_TABLES.heldForce);

export interface HeldForce extends TableName {
  readonly copied: boolean;
  readonly held: boolean;
  readonly refused: boolean;
}

/** To be asked only where {@link heldForceExists}. */
export const heldForce = (): Statement<HeldForce> => statement(`select schema, "table", copied, held, refused from ${TABLE} order by 1, 2`);

/** Tables of a subscription, and others, that would stop it, of those that we may alter. */
const STOPPING = (subscription: string, others: readonly TableName[] = []): string => `
    select n.nspname as schema, c.relname as "table"
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relforcerowsecurity and pg_has_role(c.relowner, 'usage') and n.nspname <> '${SCHEMA}'
      and current_setting('server_version_num')::int >= ${APPLIES_UNDER_POLICIES_SINCE}0000
      and (c.oid in (select r.srrelid from pg_subscription_rel as r where r.srsubid in ${subscriptionIds(`${literal(subscription)}::name`)})
        or (n.nspname, c.relname) in (
          select o.schema, o."table" from jsonb_to_recordset(${literal(JSON.stringify(others))}) as o (schema name, "table" name)))`;

/** @param subscription name of one whose tables are known */
export const forcedUnder = (subscription: string): Statement<TableName> =>
  statement(`select t.schema::text as schema, t."table"::text as "table" from (${STOPPING(subscription)}) as t order by 1, 2`);

const THIS = `schema = one.schema and "table" = one."table"`;

/**
 * On the side that is to subscribe, whose subscription knows its tables already; it is closed to the application by then. In this order,
 * in one transaction. What cannot be had for a moment is left to the next visit ({@link forcedUnder}): a switch is committed by then.
 * @param others tables that it is about to take in
 */
export const holdForce = (subscription: string, others: readonly TableName[] = []): Statement[] => [
  createHeldForce(),
  eachHeld(
    OWN_TABLES.heldForce,
    `
  for one in ${STOPPING(subscription, others)}
  loop
    for try in 1..${TRIES} loop
      begin
        execute format('alter table only %I.%I no force row level security', one.schema, one."table");
        insert into ${TABLE} (schema, "table") values (one.schema, one."table")
        on conflict (schema, "table") do update set held = true, refused = false;
        exit;
      exception
        when lock_not_available or deadlock_detected then null;
        when others then exit;
      end;
    end loop;
  end loop;`,
  ),
];

/** Puts one back; a table that is gone is done with. */
const FORCE = `
        if to_regclass(format('%I.%I', one.schema, one."table")) is not null then
          execute format('alter table only %I.%I force row level security', one.schema, one."table");
        end if;
        update ${TABLE} set held = false, refused = false where ${THIS};`;

/** Milliseconds for which the opening of a side waits for such tables altogether, before it opens without them. */
const OPENING_WAIT_MS = 3_000;

/**
 * Piece of a block, right before a gate opens, so that no session of the application's ever writes past it. What is not to be had in time
 * is left to {@link releaseForce}: the switch is committed, and the application waits.
 */
export const RELEASE_BEFORE_OPENING = `
  if to_regclass('${SCHEMA}.${NAME}') is not null then
    declare
      one record;
      lock_wait text := current_setting('lock_timeout');
      began timestamptz := clock_timestamp();
    begin
      for one in select * from ${TABLE} where held
      loop
        begin
          perform set_config('lock_timeout', greatest(1, ${OPENING_WAIT_MS} - extract(epoch from clock_timestamp() - began) * 1000)::int || 'ms', true);
${FORCE}
        exception
          when lock_not_available or deadlock_detected then null;
          when others then update ${TABLE} set refused = true where ${THIS};
        end;
      end loop;
      perform set_config('lock_timeout', lock_wait, true);
    end;
  end if;`;

/** Puts back whatever is still held, once the side no longer subscribes. */
export const releaseForce = (): Statement =>
  eachHeld(
    OWN_TABLES.heldForce,
    `
  for one in select * from ${TABLE} where held
  loop
    for try in 1..${TRIES} loop
      begin${FORCE}
        exit;
      exception
        when lock_not_available or deadlock_detected then null;
        when others then
          update ${TABLE} set refused = true where ${THIS};
          exit;
      end;
    end loop;
  end loop;`,
  );
