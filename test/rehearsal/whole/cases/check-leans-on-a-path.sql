-- The function that the check calls names a table and another function without their schema.
create schema lib;
set search_path = lib, public;
create function lib.clean(t text) returns text immutable language sql as 'select btrim(t)';
create function lib.is_clean(t text) returns boolean immutable language plpgsql as 'begin return clean(t) = t; end';
create table public.note (id integer primary key, t text check (lib.is_clean(t)));
insert into public.note select n, 'note ' || n from generate_series(1, 50) as n;
do $$ begin execute format('alter database %I set search_path = lib, public', current_database()); end $$;
