-- json_scalar, json_table and merge_action became keywords one after the other.
create function public.pick(json_table text, json_scalar integer) returns text immutable language sql as $$ select $1 || $2 $$;
create function public.label(merge_action text) returns text immutable language plpgsql as $$ begin return merge_action; end $$;
create table public.label (id integer primary key, v text);
insert into public.label values (1, 'x');
