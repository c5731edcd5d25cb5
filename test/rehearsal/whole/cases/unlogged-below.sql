create table public.task (id integer primary key, name text);
create unlogged table public.task_claim (task_id integer primary key references public.task, since timestamptz);
insert into public.task values (1, 'a'), (2, 'b');
