-- What real databases have and tidy ones do not: words that became keywords, code that leans on a search_path, constraints that old rows break.

-- Reserved since 16: an older source prints the column without quotes, and a newer target reads the function of that name.
create table shop.login (
  id integer generated always as identity primary key,
  "system_user" text not null,
  kind varchar(20) not null check (kind in ('staff', 'customer')),
  constraint long_enough check (length("system_user") > 2)
);
create index login_of_staff on shop.login ("system_user") where kind in ('staff', 'intern');
insert into shop.login ("system_user", kind) select 'user ' || n, case when n % 9 = 0 then 'staff' else 'customer' end from generate_series(1, 120) as n;

create function shop.same("json" json) returns json immutable language sql as 'select $1';

-- Names inside are found by the path of the session that inserts; a check and an index use them.
set search_path = shop, public;
create function shop.fold(t text) returns text immutable language sql as $$ select lower(btrim(t)) $$;
create function shop.is_folded(t text) returns boolean immutable language plpgsql as $$ begin return fold(t) = t; end $$;
create function shop.key_of(t text) returns text immutable language plpgsql as $$ begin return fold(t) || '!'; end $$;
create table shop.keyword (id integer primary key, word text not null check (shop.is_folded(word)));
create index keyword_key on shop.keyword (shop.key_of(word));
insert into shop.keyword select n, 'word ' || n from generate_series(1, 200) as n;
reset search_path;

-- Old rows break what new ones must not.
create domain shop.postcode as text;
create table shop.branch (id integer primary key, postcode shop.postcode, staff integer, opened money);
insert into shop.branch values (1, 'unknown', -1, 12.34::numeric::money), (2, '88662', 3, (-0.5)::numeric::money);
alter domain shop.postcode add check (value ~ '^[0-9]{5}$') not valid;
alter table shop.branch add constraint some_staff check (staff > 0) not valid;

-- Invalid here as well: one of its partitions lacks it.
create table shop.reading (id integer not null, day date not null, primary key (id, day)) partition by range (day);
create table shop.reading_2024 partition of shop.reading for values from ('2024-01-01') to ('2025-01-01');
create table shop.reading_2025 partition of shop.reading for values from ('2025-01-01') to ('2026-01-01');
create index reading_day on only shop.reading (day);
create index reading_2024_day on shop.reading_2024 (day);
alter index shop.reading_day attach partition shop.reading_2024_day;
insert into shop.reading select n, date '2024-06-01' + n from generate_series(1, 300) as n;

-- A row that names an index, which is not there while rows are copied.
create table shop.watched (id integer primary key, what regclass);
insert into shop.watched values (1, 'shop.keyword_key'), (2, 'shop.keyword'), (3, null);

-- It refers to a published table, and is not published itself.
create unlogged table shop.branch_lock (branch_id integer primary key references shop.branch (id), holder text);
insert into shop.branch_lock values (2, 'somebody');

create policy for_two on shop.message for select to pg_monitor, pg_read_all_stats using (true);

do $settings$
begin
  execute format('alter database %I set datestyle = ''SQL, DMY''', current_database());
  execute format('alter database %I set intervalstyle = ''iso_8601''', current_database());
  execute format('alter database %I set extra_float_digits = 0', current_database());
  execute format('alter database %I set search_path = shop, public', current_database());
end
$settings$;
