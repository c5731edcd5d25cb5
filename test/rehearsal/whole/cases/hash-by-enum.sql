create type public.size as enum ('s', 'm', 'l', 'xl', 'xxl', 'one');
create table public.shirt (id integer, s public.size, primary key (id, s)) partition by hash (s);
create table public.shirt_0 partition of public.shirt for values with (modulus 2, remainder 0);
create table public.shirt_1 partition of public.shirt for values with (modulus 2, remainder 1);
insert into public.shirt select n, (enum_range(null::public.size))[1 + n % 6] from generate_series(1, 200) as n;
