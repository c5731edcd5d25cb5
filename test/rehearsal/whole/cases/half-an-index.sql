-- An index on a partitioned table that no partition has joined yet.
create table public.metric (id integer, day date, primary key (id, day)) partition by range (day);
create table public.metric_1 partition of public.metric for values from ('2024-01-01') to ('2025-01-01');
create index metric_day on only public.metric (day);
insert into public.metric select n, date '2024-01-01' + n from generate_series(1, 100) as n;
