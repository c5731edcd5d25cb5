-- Intervals, bytes and dates do not look here as they do elsewhere.
create table public.trip (id integer primary key, takes interval, begun timestamptz, ticket bytea, price double precision);
insert into public.trip select n, n * interval '1 month -2 days 03:04:05', timestamptz '2024-02-03 04:05:06+07' + n * interval '1 day', decode('ff00', 'hex'), n / 3.0
from generate_series(1, 50) as n;
do $$ begin
  execute format('alter database %I set datestyle = ''German''', current_database());
  execute format('alter database %I set intervalstyle = ''sql_standard''', current_database());
  execute format('alter database %I set bytea_output = ''escape''', current_database());
  execute format('alter database %I set timezone = ''Asia/Kathmandu''', current_database());
end $$;
