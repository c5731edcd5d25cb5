create table public.letter (id integer primary key, reader name, body text);
insert into public.letter values (1, 'ada', 'x');
alter table public.letter enable row level security;
create policy own on public.letter for select to rehearsed_clerk, "Rehearsed ""Boss""" using (reader = current_user);
alter table public.letter owner to rehearsed_owner_of_letters;
