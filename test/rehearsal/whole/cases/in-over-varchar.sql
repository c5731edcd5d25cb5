create table public.parcel (id integer primary key, state varchar(10) not null, kind char(3),
  constraint known_state check (state in ('new', 'sent')), check (kind = any (array['abc', 'def'])));
create index parcel_open on public.parcel (id) where state in ('new', 'late');
insert into public.parcel values (1, 'new', 'abc');
