-- Old rows break what new rows must not.
create domain public.code as text;
create table public.item (id integer primary key, c public.code, n integer);
insert into public.item values (1, 'bad', -1), (2, 'C-2', 2);
alter domain public.code add check (value like 'C-%') not valid;
alter table public.item add check (n > 0) not valid;
