-- A row that names an index, and one that names a materialized view's.
create table public.big (id integer primary key, b integer);
create index big_b on public.big (b);
create table public.maintenance (id integer primary key, what regclass, by regrole default current_user::regrole);
insert into public.maintenance (id, what) values (1, 'public.big_b'), (2, 'public.big');
