create table public.t (id integer primary key, v integer);
insert into public.t values (1, 1);
create function public.seen() returns event_trigger language plpgsql as 'begin end';
create event trigger seen on sql_drop execute function public.seen();
create function public.sure(text) returns boolean immutable leakproof language sql as 'select true';
create operator class public.odd for type integer using hash as operator 1 =, function 1 hashint4(integer);
