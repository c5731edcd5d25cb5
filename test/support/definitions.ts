/** A schema with many kinds of definition, and what a server prints of each. */

/** What differs by version is in it only where both sides of a migration know it. Words that became reserved later are names here. */
export const definitions = (version: number): string => `
create schema d;
create type d.state as enum ('open', 'paid');
create type d.pair as (a int, b varchar(10));
create domain d.kind as varchar(20) check (value in ('big', 'small'));
create domain d.mail as text constraint has_at check (value like '%@%' and length(value) between 3 and 200 and value <> '');
create function d.low(a text, b text default 'x') returns text language sql immutable as 'select lower($1)';
create function d.same("json" json, "system_user" int default -1) returns json immutable language sql as 'select $1';
create table d.t (
  id int primary key, "system_user" text, "json" json, name varchar(20), "Odd Name" text, c char(3), k d.kind, m d.mail, s d.state, p d.pair,
  n numeric(10,2), f float8 default 0.1, r float4 default 0.3, g float8 default 1e-7, b boolean default true, day date default '2024-05-31', at timestamptz,
  ts timestamp(3) default '2024-05-31 07:08:09.123', span interval default '1 day -02:00', raw bytea default '\\x00ff', ip cidr, cash money default 12.5,
  tags text[] default array['a', 'b'], vtags varchar[] default array['a'::varchar, 'b'], grid int[] default array[array[1, 2], array[3, 4]], fixed bit(3) default b'101',
  q1 int default -1, q2 bigint default 5, q3 numeric default -1.50, q4 text default lower('X') || 'y', q5 text default (array['a', 'b'])[1], q6 varchar(5) default 'abc'
);
alter table d.t
  add constraint in_varchar check (name in ('big', 'small')),
  add constraint not_in_varchar check (name not in ('big', 'small', 'it''s')),
  add constraint any_varchar check (name = any (array['big', 'small']::varchar[])),
  add constraint like_any check (name like any (array['b%', 's%'])),
  add constraint like_any_varchar check (name ilike any (array['b%'::varchar, 's%'])),
  add constraint in_char check (c in ('a', 'b')),
  add constraint in_domain check (k in ('big', 'small')),
  add constraint in_mail check (m in ('a@b', 'c@d')),
  add constraint in_enum check (s in ('open', 'paid')),
  add constraint in_cidr check (ip in ('10.0.0.0/8', '192.168.0.0/16')),
  add constraint in_ints check (n in (1, 2.5, 3)),
  add constraint in_bigint check (q2 in (1, 2, 3)),
  add constraint in_with_column check (name in ('a', 'b', "system_user")),
  add constraint in_nested check (vtags <@ array['a', 'b']::varchar[]),
  add constraint grids check (grid <> array[array[1, 2], array[3, 4]]::int[]),
  add constraint lengths check ((array['abcdef', 'b']::varchar(3)[])[1] <> name),
  add constraint single check (name in ('a')),
  add constraint between_and check (id between 1 and 10 and n between 0.5 and 2 and b),
  add constraint between_or check (id not between 1 and 10 or name is null or b),
  add constraint nested_right check (b and (id > 1 and (n > 2 and f > 0.1))),
  add constraint nested_left check (((b or id > 1) or n > 2) and b),
  add constraint symmetrical check (id between symmetric 5 and q1),
  add constraint reserved check (length("system_user") > 2 and "json"::text <> '{}'),
  add constraint quoted check ("Odd Name" <> 'x' and d.low(name) = d.low(c, 'y')),
  add constraint cases check (case name when 'a' then 1 when 'b' then 2 else -1 end > 0 and case when b then id else q1 end > -5),
  add constraint coalesced check (coalesce(name, 'x') <> nullif(c, 'y') and greatest(id, q2, 3) > least(1.5, n)),
  add constraint zones check (at at time zone 'UTC' > '2000-01-01' and (ts at time zone 'Europe/Berlin') < at),
  add constraint syntax check (substring(name from 2 for 3) <> overlay("Odd Name" placing 'x' from 1 for 2) and position('a' in name) > 0),
  add constraint trims check (trim(both 'x' from name) <> trim(leading from name) and trim(trailing 'y' from c) <> ''),
  add constraint overlap check ((day, day + 1) overlaps (date '2024-01-01', date '2024-02-01')),
  add constraint rows_in check ((id, name) in ((1, 'a'), (2, 'b'))),
  add constraint rows_less check ((id, q1) < (1, 2) and row(id, q1) is not null and (p).b <> 'x' and p <> row(1, 'x')::d.pair),
  add constraint distinct_from check (name is distinct from 'x' and name is not distinct from c and b is not true and at is not null),
  add constraint floats check (f > '0.1'::float8 and f <> '1e300'::float8 and r < '0.3'::float4 and f between 0.1 and 0.3),
  add constraint negatives check (id > -1 and n > -1.5 and q2 > -9223372036854775808 and - id < 5 and (-id)::text <> '-1'),
  add constraint operators check (id % 3 = 1 and name ~ '^[a-z]+$' and tags @> array['a'] and "json" ->> 'x' <> 'y' and name || c <> 'zz' and id::text <> name),
  add constraint collated check (name collate "C" > 'a' collate "C" and not (b and id = 3)),
  add constraint not_valid check (name <> 'never') not valid,
  add constraint intervals check (span > interval '1' hour and at > timestamptz '2024-05-31 07:08+02' and ts < '2030-01-01'::timestamp(0));
create index partial_in on d.t (name) where name in ('big', 'small') and id between 1 and 5 and b;
create index partial_or on d.t (lower(name), (name || c) desc nulls last) where s in ('open') or (name = 'x' or n > 0.5);
create index expressions on d.t (coalesce(name, 'x'), (case when b then 1 else 0 end), (at at time zone 'UTC'), ("json" ->> 'a'), "Odd Name" text_pattern_ops);
create unique index unique_expression on d.t (d.low(name), (id + 1)) where "system_user" is not null;
create index by_gin on d.t using gin (tags);
alter table d.t add exclude using btree (name with =, (lower(c)) with =) where (name in ('a', 'b'));
create table d.u (id int primary key, t int references d.t on update cascade on delete set null deferrable initially deferred, "json" int unique);
create table d.part (id int, day date, name varchar(10), f float8) partition by range (day, (lower(name)));
create table d.part_1 partition of d.part for values from ('2024-01-01', minvalue) to ('2025-01-01', 'b');
create table d.part_2 partition of d.part default;
create table d.listed (id bigint, name varchar(10)) partition by list (name);
create table d.listed_1 partition of d.listed for values in ('a', 'it''s', null);
create table d.hashed (id bigint, f float8) partition by hash (id);
create table d.hashed_1 partition of d.hashed for values with (modulus 2, remainder 1);
create table d.floats (f float8, n numeric) partition by range (f);
create table d.floats_1 partition of d.floats for values from (0.1) to (0.3);
alter table d.t enable row level security;
create policy own on d.t using ("system_user" = current_user and name in ('a', 'b'));
create policy more on d.t as restrictive for update to public using (id between 1 and 5 and b) with check (name not in ('x', 'y') or k in ('big'));
create view d.simple as select id, name, "system_user", lower(name) as low from d.t where name in ('a', 'b') and id between 1 and 3;
create view d.aliased as select x.id as "Id", x.name || 'y' as n, count(*) as c from d.t as x group by x.id, x.name having count(*) > 1 order by x.name desc limit 5;
create view d.joined as select a.id, b.t, a.name from d.t as a join d.u as b on a.id = b.t left join d.part as p on p.id = a.id left join d.floats as f using (n) where a.name in ('a') and b.id = 3;
create view d.nested as select id, (select count(*) from d.u where d.u.t = d.t.id) as n from d.t where exists (select from d.part as p where p.id = d.t.id and p.name in ('a', 'b'));
create view d.united as select id, name from d.t where b union all select id, 'x'::varchar from d.u union select 1, null;
create view d.recursive as with recursive r (n) as (select 1 union all select n + 1 from r where n < 10), s as (select max(n) as m from r) select m, row_number() over (order by m rows between 1 preceding and current row) from s;
create view d.odd as select distinct on (name) name, "Odd Name", "json" from d.t as "T 1" order by name, id;
create materialized view d.stored as select id, name, f::text as t from d.t where name in ('a', 'b') with no data;
create index on_stored on d.stored (name) where name in ('c', 'd');
create function d.noticed() returns trigger language plpgsql as 'begin return new; end';
create trigger noticed before update of name, "json" on d.t for each row when (new.name in ('a', 'b') and old.id between 1 and 3 or new."system_user" = 'x') execute procedure d.noticed();
create rule doubled as on insert to d.u where new.id between 3 and 5 and new."json" in (1, 2) do also update d.part set id = new.id, name = 'x' where id = 3 and name in ('a', 'b');
create statistics d.stats (dependencies) on name, "Odd Name" from d.t;
${version >= 12 ? "create table d.made (a varchar(10), \"system_user\" int, v text generated always as (case when a in ('x', 'y') then a || 'z' else substring(a from 2) end) stored, w boolean generated always as (a in ('x', 'y') and \"system_user\" between 1 and 3) stored);" : ''}
`;

/** Columns `name` and `definition`: all that there is in the schema `d`, under pinned settings. */
export const PRINTED = `
select 'constraint ' || coalesce(conrelid::regclass::text, contypid::regtype::text) || ' ' || conname as name, pg_get_constraintdef(k.oid) as definition
from pg_constraint as k join pg_namespace as n on n.oid = k.connamespace where n.nspname = 'd' and contype <> 'n'
union all select 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid) from pg_index as i join pg_class as c on c.oid = i.indexrelid
  join pg_namespace as n on n.oid = c.relnamespace where n.nspname = 'd'
union all select 'default ' || adrelid::regclass || ' ' || adnum, pg_get_expr(adbin, adrelid) from pg_attrdef as e join pg_class as c on c.oid = e.adrelid
  join pg_namespace as n on n.oid = c.relnamespace where n.nspname = 'd'
union all select 'bound ' || c.oid::regclass, pg_get_expr(relpartbound, c.oid) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'd' and relispartition
union all select 'partition key ' || c.oid::regclass, pg_get_partkeydef(c.oid) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'd' and relkind = 'p'
union all select 'policy using ' || policyname, qual from pg_policies where schemaname = 'd'
union all select 'policy check ' || policyname, with_check from pg_policies where schemaname = 'd'
union all select 'view ' || c.oid::regclass, pg_get_viewdef(c.oid) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'd' and relkind in ('v', 'm')
union all select 'trigger ' || tgname, pg_get_triggerdef(t.oid) from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
  join pg_namespace as n on n.oid = c.relnamespace where n.nspname = 'd' and not tgisinternal
union all select 'rule ' || rulename, pg_get_ruledef(r.oid) from pg_rewrite as r join pg_class as c on c.oid = r.ev_class
  join pg_namespace as n on n.oid = c.relnamespace where n.nspname = 'd' and rulename <> '_RETURN'
union all select 'statistics ' || stxname, pg_get_statisticsobjdef(s.oid) from pg_statistic_ext as s join pg_namespace as n on n.oid = s.stxnamespace
  where n.nspname = 'd'
union all select 'function ' || p.proname, pg_get_function_arguments(p.oid) || ' ' || pg_get_function_result(p.oid) from pg_proc as p
  join pg_namespace as n on n.oid = p.pronamespace where n.nspname = 'd'
order by 1`;
