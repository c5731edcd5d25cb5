create table public.queue (id bigint generated always as identity primary key, tx bigint not null default txid_current(), body text);
insert into public.queue (body) values ('one'), ('two');
