/** A schema whose objects belong to several roles, with grants and settings of every kind, for the sources from 11 on. */
import type { World } from './world.ts';

/** A name that ends a dollar-quoted text, and one that takes every quote. */
export const OWNER = `Shop "owner" $do$; create role evil; --`;
export const READER = `rêader's role`;
export const WRITER = 'writer';
export const LOW = 'Low';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const [owner, reader, writer, low] = [OWNER, READER, WRITER, LOW].map(quoted);

/** Since 16 a role that makes another is no member of it, and has to make itself one. */
const roles = (version: number): string => `
create role ${owner}; create role ${reader} noinherit; create role ${writer}; create role ${low}; create role "a member" login;
${[owner, reader, writer, low].map((role) => `grant ${role} to current_user${version >= 16 ? ' with inherit true, set true' : ''}`).join(';')};
grant ${reader} to ${writer} with admin option; grant ${writer} to "a member"; grant pg_monitor to ${reader}; grant rds_replication to "a member";
`;

const objects = `
create schema shop; create schema "Odd ""schema""";
create type shop.state as enum ('new', 'paid'); create domain shop.money as numeric check (value >= 0);
create type shop.pair as (a int, b text); create type shop.price_range as range (subtype = numeric);
create table shop.orders (id int generated always as identity primary key, state shop.state, price shop.money, note text, by_whom name default current_user);
create table shop.ledger (id serial primary key, amount numeric);
create table "Odd ""schema"""."Odd ""table""" (id int primary key, "Odd ""column""" text);
create table shop.by_day (id int, day date, primary key (id, day)) partition by range (day);
create table shop.day_one partition of shop.by_day for values from ('2020-01-01') to ('2021-01-01');
create sequence shop.numbers;
create view shop.totals as select id, price, note from shop.orders group by id;
create materialized view shop.sums as select state, sum(price) as sum from shop.orders group by state;
create function shop.price(id int) returns numeric language sql stable security definer as 'select o.price from shop.orders o where o.id = $1';
create function shop.closed() returns int language sql security definer as 'select 1';
create procedure shop.noop() language sql as 'select 1';
create aggregate shop.total (numeric) (sfunc = numeric_add, stype = numeric);
create function shop.same(shop.pair, shop.pair) returns boolean language sql immutable as 'select $1.a = $2.a';
create operator shop.=== (function = shop.same, leftarg = shop.pair, rightarg = shop.pair);
create collation shop.german from "C";
create text search configuration shop.words (copy = pg_catalog.simple);
create statistics shop.together on state, price from shop.orders;
insert into shop.orders (state, price, note) values ('new', 5, 'x');
alter table shop.orders enable row level security;
create policy readers on shop.orders for select to ${reader} using (true);
create policy master on shop.orders to current_user, ${reader} using (true);
create policy writers on shop.orders to ${writer}, "a member" using (by_whom = current_user);
`;

const owners = `
grant create on schema shop to ${owner}, ${low}; grant create on schema "Odd ""schema""" to ${low};
alter table shop.orders owner to ${owner}; alter table "Odd ""schema"""."Odd ""table""" owner to ${low};
alter table shop.by_day owner to ${owner}; alter table shop.day_one owner to ${owner}; alter sequence shop.numbers owner to ${low};
alter view shop.totals owner to ${owner}; alter materialized view shop.sums owner to ${owner}; alter type shop.state owner to ${owner};
alter domain shop.money owner to ${low}; alter type shop.pair owner to ${low}; alter type shop.price_range owner to ${low};
alter function shop.price(int) owner to ${owner}; alter function shop.closed() owner to ${low}; alter procedure shop.noop() owner to ${low};
alter aggregate shop.total (numeric) owner to ${low}; alter function shop.same(shop.pair, shop.pair) owner to ${low};
alter operator shop.=== (shop.pair, shop.pair) owner to ${low}; alter collation shop.german owner to ${low};
alter text search configuration shop.words owner to ${low}; alter statistics shop.together owner to ${owner};
revoke create on schema shop from ${low};
`;

const grants = `
grant usage on schema shop to public; grant usage on schema "Odd ""schema""" to ${reader}, ${low};
set role ${owner};
grant select on shop.orders to ${reader} with grant option; grant insert, update, delete on shop.orders to ${writer};
grant select (id, day), update (day) on shop.by_day to ${low}; grant select on shop.totals, shop.sums to public;
revoke execute on function shop.price(int) from public; grant execute on function shop.price(int) to ${writer};
grant usage on type shop.state to ${reader}; revoke usage on type shop.state from public;
set role ${reader};
grant select on shop.orders to ${low} with grant option;
set role ${low};
grant select on shop.orders to "a member";
revoke execute on function shop.closed() from public;
grant usage on sequence shop.numbers to ${writer}; revoke usage on type shop.pair from public;
grant select ("Odd ""column""") on "Odd ""schema"""."Odd ""table""" to ${writer} with grant option;
reset role;
grant select, insert on shop.ledger to ${writer}; grant usage, select on sequence shop.ledger_id_seq to ${writer};
alter default privileges for role ${owner} in schema shop grant select on tables to ${reader};
alter default privileges for role ${owner} revoke execute on functions from public;
alter default privileges grant usage on sequences to ${writer};
do $$ begin
  execute format('grant connect, temporary on database %I to ${writer}', current_database());
  execute format('revoke temporary on database %I from public', current_database());
  execute format('alter database %I set search_path = shop, "Odd ""schema""", public', current_database());
  execute format('alter database %I set timezone = ''Europe/Berlin''', current_database());
  execute format('alter role ${writer} in database %I set statement_timeout = ''7s''', current_database());
end $$;
alter role ${reader} set search_path = shop, "$user"; alter role ${owner} set work_mem = '8MB';
`;

/** To be run by the source's master, which owns what is given to no other role. */
export const ownedSchema = (version: number): string => roles(version) + objects + owners + grants;

/** Everything that roles may do, by asking as each of them. */
export const OWNED_ROLES: readonly string[] = [OWNER, READER, WRITER, LOW, 'a member'];

const CATALOGS = {
  owners: `select i.type || ' ' || i.identity as name, pg_get_userbyid(o.owner)::text as detail from (
    select 'pg_class'::regclass as classid, oid, relowner as owner from pg_class where relkind in ('r', 'p', 'v', 'm', 'S')
    union all select 'pg_proc'::regclass, oid, proowner from pg_proc where proname !~ 'range$' union all select 'pg_type'::regclass, oid, typowner from pg_type where typtype in ('e', 'd', 'r')
    union all select 'pg_namespace'::regclass, oid, nspowner from pg_namespace union all select 'pg_operator'::regclass, oid, oprowner from pg_operator
    union all select 'pg_collation'::regclass, oid, collowner from pg_collation union all select 'pg_ts_config'::regclass, oid, cfgowner from pg_ts_config
    union all select 'pg_statistic_ext'::regclass, oid, stxowner from pg_statistic_ext) as o
    cross join lateral pg_identify_object(o.classid, o.oid, 0) as i
    where o.oid >= 16384 and (i.schema in ('shop', 'Odd "schema"') or i.schema is null and i.type = 'schema' and i.identity ~ 'shop|Odd')`,
  tables: `select r.rolname || ' ' || c.oid::regclass as name, (select string_agg(p, ',' order by p) from unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,SELECT WITH GRANT OPTION}'::text[]) as p
      where has_table_privilege(r.oid, c.oid, p)) as detail
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace cross join pg_roles as r
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname in ('shop', 'Odd "schema"') and r.rolname = any ($1)`,
  grantors: `select c.oid::regclass || ' ' || a.grantee::regrole || ' ' || a.privilege_type as name, a.grantor::regrole::text as detail
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace cross join aclexplode(c.relacl) as a
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname in ('shop', 'Odd "schema"') and pg_get_userbyid(a.grantee) = any ($1) and a.grantee <> c.relowner and a.privilege_type <> 'MAINTAIN'`,
  columns: `select r.rolname || ' ' || c.oid::regclass || ' ' || a.attname as name, (select string_agg(p, ',' order by p) from unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) as p
      where has_column_privilege(r.oid, c.oid, a.attnum, p)) as detail
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 cross join pg_roles as r
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname in ('shop', 'Odd "schema"') and r.rolname = any ($1)`,
  sequences: `select r.rolname || ' ' || c.oid::regclass as name, (select string_agg(p, ',' order by p) from unnest('{USAGE,SELECT,UPDATE}'::text[]) as p
      where has_sequence_privilege(r.oid, c.oid, p)) as detail
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace cross join pg_roles as r
    where c.relkind = 'S' and n.nspname = 'shop' and r.rolname = any ($1)`,
  routines: `select r.rolname || ' ' || p.oid::regprocedure as name, has_function_privilege(r.oid, p.oid, 'execute')::text as detail
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace cross join pg_roles as r where n.nspname = 'shop' and r.rolname = any ($1)
    and p.proname !~ 'range'`,
  types: `select r.rolname || ' ' || format_type(t.oid, null) as name, has_type_privilege(r.oid, t.oid, 'usage')::text as detail
    from pg_type as t join pg_namespace as n on n.oid = t.typnamespace cross join pg_roles as r
    where n.nspname = 'shop' and t.typtype in ('e', 'd', 'r') and r.rolname = any ($1)`,
  schemas: `select r.rolname || ' ' || n.nspname as name, concat(has_schema_privilege(r.oid, n.oid, 'usage'), has_schema_privilege(r.oid, n.oid, 'create')) as detail
    from pg_namespace as n cross join pg_roles as r where n.nspname in ('shop', 'Odd "schema"', 'public') and r.rolname = any ($1)`,
  database: `select r.rolname::text as name, concat(has_database_privilege(r.oid, current_database(), 'connect'), has_database_privilege(r.oid, current_database(), 'temporary'),
      has_database_privilege(r.oid, current_database(), 'create')) as detail from pg_roles as r where r.rolname = any ($1)`,
  settings: `select coalesce(nullif(s.setrole, 0)::regrole::text, '') || split_part(entry, '=', 1) as name, entry as detail from pg_db_role_setting as s cross join unnest(s.setconfig) as entry
    where (s.setrole = 0 or pg_get_userbyid(s.setrole) = any ($1)) and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`,
  defaults: `select d.defaclrole::regrole::text || d.defaclobjtype::text || coalesce(d.defaclnamespace::regnamespace::text, '') as name, d.defaclacl::text as detail
    from pg_default_acl as d where pg_get_userbyid(d.defaclrole) = any ($1)`,
} as const;

/** What the roles own and may do on a side, by subject; the role of ours is called `ours`. */
export async function accessSeen(world: World, side: 'source' | 'target'): Promise<Record<string, Record<string, string>>> {
  const ours = (await (side === 'source' ? world.asSourceRole : world.asTargetRole)('select session_user as name'))[0]?.name as string;
  const seen: Record<string, Record<string, string>> = {};
  for (const [subject, text] of Object.entries(CATALOGS)) {
    const rows = await world[side](text, text.includes('$1') ? [OWNED_ROLES] : undefined);
    seen[subject] = Object.fromEntries(
      rows.map(({ name, detail }) => [String(name), String(detail) === ours ? 'ours' : String(detail)]).sort(),
    );
  }
  return seen;
}
