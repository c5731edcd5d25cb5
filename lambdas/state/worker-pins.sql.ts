/**
 * Settings of the workers of a subscription, which no client can set in their sessions: they stand as settings of the subscription's owner in
 * the database, as long as this side subscribes. What stood there before is recorded and put back. A worker takes them when it starts.
 */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { HOLDING_MONEY, KEEPS_MONEY } from '../postgres/money.sql.ts';
import { literal, statement } from '../postgres/quote.ts';
import { workerSettings } from '../postgres/session-pins.sql.ts';
import { closed } from './closed.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.workerPins;

/** The value of a setting `name` that the current role has in this database by itself. */
const own = (role: string, name: string): string => `(
    select substr(entry, length(${name}) + 2) from pg_db_role_setting as d, unnest(d.setconfig) as entry
    where d.setdatabase = (select oid from pg_database where datname = current_database())
      and d.setrole = (select oid from pg_roles where rolname = ${role}) and starts_with(entry, ${name} || '='))`;

/**
 * Columns name, value, earlier: what a worker of ours would start with otherwise than it should. What a session of ours would be reset to is
 * what a worker begins with, but for what was set since it was opened. The locales C and POSIX, whatever their encoding, are one; and where
 * no column holds money, its locale does not matter.
 */
const MISSING = (version: number): string => `
with recursive ${HOLDING_MONEY}
select w.name, w.value, ${own('current_user', 'w.name')} as earlier
from (values ${Object.entries(workerSettings(version))
  .map(([name, value]) => `(${literal(name)}, ${literal(value)})`)
  .join(', ')}) as w (name, value)
join pg_settings as s on s.name = w.name
where coalesce(${own('current_user', 'w.name')}, s.reset_val) <> w.value
  and (w.name <> 'lc_monetary' or coalesce(${own('current_user', 'w.name')}, s.reset_val) !~* '^(C|POSIX)([.]|$)' and ${KEEPS_MONEY})`;

/** @param version major version of this side */
export const workerPinsMissing = (version: number): Statement<{ readonly name: string }> =>
  statement(`select m.name from (${MISSING(version)}) as m`);

/** In this order, in one transaction. @param version major version of this side */
export const pinWorkers = (version: number): Statement[] => [
  closed(
    NAME,
    `create table if not exists ${TABLE} (role text not null, name text not null, value text not null, earlier text, primary key (role, name))`,
  ),
  statement(`
do $do$
declare
  p record;
begin
  for p in ${MISSING(version)}
  loop
    insert into ${TABLE} (role, name, value, earlier) values (current_user, p.name, p.value, p.earlier)
    on conflict (role, name) do nothing;
    execute format('alter role %I in database %I set %I = %L', current_user, current_database(), p.name, p.value);
  end loop;
end
$do$
`),
];

/** Puts back what stood there, unless it was changed since. A role that is gone, or is ours no longer, is passed over. */
export const unpinWorkers = (): Statement =>
  statement(`
do $do$
declare
  p record;
begin
  if to_regclass('${SCHEMA}.${NAME}') is null then return; end if;
  for p in select * from ${TABLE}
  loop
    begin
      if ${own('p.role', 'p.name')} = p.value then
        execute format('alter role %I in database %I ', p.role, current_database())
          || case when p.earlier is null then format('reset %I', p.name) else format('set %I = %L', p.name, p.earlier) end;
      end if;
    exception
      when undefined_object or insufficient_privilege then null;
    end;
    delete from ${TABLE} where role = p.role and name = p.name;
  end loop;
end
$do$
`);
