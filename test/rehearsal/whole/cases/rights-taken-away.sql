create role rehearsed_reader nologin;
create table public.wage (id integer primary key, who name, n integer);
insert into public.wage values (1, 'ada', 1);
create function public.raise_wages() returns void language sql security definer as 'update public.wage set n = n + 1';
revoke execute on function public.raise_wages() from public;
grant select (id, who) on public.wage to rehearsed_reader;
