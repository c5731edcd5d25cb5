-- The check was added when the function was laxer.
create function public.fits(n integer) returns boolean immutable language sql as 'select n < 5000';
create table public.reading (id integer primary key, n integer constraint fits check (public.fits(n)));
insert into public.reading select n, n * 10 from generate_series(1, 300) as n;
create or replace function public.fits(n integer) returns boolean immutable language sql as 'select n < 2000';
