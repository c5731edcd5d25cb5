set lc_monetary = 'xx_XX.UTF-8';
create table public.price (id integer primary key, p money);
insert into public.price values (1, 1.5::numeric::money);
