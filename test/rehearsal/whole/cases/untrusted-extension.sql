create extension if not exists pg_buffercache with schema public;
create extension if not exists pgstattuple;
create extension if not exists rds_tools;
create table public.widget (id integer primary key);
insert into public.widget values (1);
