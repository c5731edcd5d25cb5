-- any_value and system_user are words of newer versions; the source prints them without quotes.
create table public.visit (id integer primary key, any_value text not null, system_user text, check (char_length(system_user) < 40));
insert into public.visit values (1, 'x', 'ada'), (2, 'y', null);
create view public.visitors as select system_user, any_value from public.visit;
