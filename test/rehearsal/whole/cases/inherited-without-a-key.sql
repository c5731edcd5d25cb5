create table public.animal (name text, where_it_is point, tags json);
create table public.dog (good boolean) inherits (public.animal);
insert into public.animal values ('x', '(1,1)', '{}');
insert into public.dog values ('y', '(2,2)', '[]', true);
