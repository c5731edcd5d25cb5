create schema app;
create table app.thing (id integer primary key, v text);
insert into app.thing values (1, 'x');
do $$ begin
  execute format('alter database %I set search_path = app', current_database());
  execute format('alter database %I set statement_timeout = ''90s''', current_database());
end $$;
