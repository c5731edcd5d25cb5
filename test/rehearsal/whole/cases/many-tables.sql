do $$ begin for i in 1..2500 loop execute format('create table public.many_%s (id serial primary key, t text)', i); end loop; end $$;
