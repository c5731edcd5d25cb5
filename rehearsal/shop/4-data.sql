-- The same rows at every run. `rehearsal.rows` says how many page views there are; everything else is small beside them.

insert into shop.category (parent_id, name, path)
select case when n > 5 then n / 5 end, 'Category ' || n, array['root', 'Category ' || n] from generate_series(1, 40) as n;

insert into shop.department (name) values ('Sales "East"'), ('Größte Abteilung'), ('日本');
insert into shop.employee (department_id, boss_id, email, badge)
select (n % 3 + 1) * 10, case when n > 3 then n / 3 end, 'Employee.' || n || '@Example.com', md5(n::text)::uuid
from generate_series(1, 60) as n;
update shop.department set lead_id = id / 10;

insert into shop.customer (email, "displayName", home, previous_homes, preferences, credit, rating, "order", notes)
select 'Customer' || n || '@example.org', E'Customer\t' || n || ' Ω "quoted" \ ''x''',
  row('Main ''Street'' "' || n, n % 300, 'Überlingen', point(n, n / 7.0))::shop.address,
  case when n % 4 = 0 then array[row('Old, (street)', 1, null, null)::shop.address] else '{}' end,
  case when n % 3 > 0 then public.hstore('theme', 'dark ' || n) end,
  (n * 1.37)::numeric::money, (n / 3.0)::real,
  case when n % 10 > 0 then n end,
  case n % 5 when 0 then null when 1 then '' when 2 then repeat('long note ' || n || E'\n', 40) else 'note ' || n end
from generate_series(1, 2000) as n;

insert into shop.product (
  sku, category_id, title, price, weight_kg, attributes, datasheet, photo, tags, dimensions, valid_during, search, manual, released, warranty
)
select 'AB-' || n, n % 40 + 1, 'Product no. ' || n || ' – Größe ' || n % 7, n * 0.0101,
  case n % 50 when 0 then 'NaN' when 1 then '-0' when 2 then 'Infinity' else (n / 3.0)::float8 end,
  jsonb_build_object('colour', (array['red', 'blue', null])[n % 3 + 1], 'sizes', jsonb_build_array(n, n + 0.5), 'empty', '{}'::jsonb),
  case when n % 2 = 0 then ('{"b": 1,  "a": ' || n || ', "b": 2}')::json end,
  case when n % 3 = 0 then decode(md5(n::text) || '00ff5c0a', 'hex') end,
  array['tag ' || n % 11, 'with,comma', 'with "quote"', null], array[[n, 2], [3, 4]],
  case when n % 100 = 0 then 'empty'::daterange else daterange(date '2020-01-01' + n, null) end,
  to_tsvector('simple', 'Product no. ' || n), case when n % 9 = 0 then xmlelement(name manual, 'page ' || n) end,
  case n % 40 when 0 then 'infinity' when 1 then '0044-03-15 12:00:00+00 BC' else timestamptz '2021-01-01 00:00:00+00' + n * interval '1 hour' end,
  n % 36 * interval '1 month' + interval '1 day 02:03:04.005'
from generate_series(1, 1000) as n;

insert into "Point of ""Sale"""."Order" (request_id, customer_id, state, total, placed_at)
select 'seed-' || n, n % 2000 + 1, (enum_range(null::shop.order_state))[n % 5 + 1], n * 1.5, timestamptz '2024-01-01 00:00:00+00' + n * interval '1 minute'
from generate_series(1, 3000) as n;
insert into "Point of ""Sale"""."Order Line" (order_id, "position", request_id, sku, amount, price)
select o, p, 'seed-' || o || '-' || p, 'AB-' || (o + p) % 1000 + 1, p * 2, o * 0.25 from generate_series(1, 3000) as o, generate_series(1, 3) as p;

insert into shop.access_log (request_id, address, line, happened_at)
select 'seed-' || n / 2, ('10.0.' || n % 200 || '.1')::inet, case when n % 7 > 0 then 'GET /' || n % 5 end, timestamptz '2024-05-01 00:00:00+00'
from generate_series(1, 4000) as n;
-- Two rows that nothing tells apart.
insert into shop.access_log (request_id, line, happened_at) select 'seed-twin', 'twin', timestamptz '2024-05-02 00:00:00+00' from generate_series(1, 2);

insert into shop.exchange_rate select (array['EUR', 'USD', 'CHF'])[n % 3 + 1], date '2024-01-01' + n / 3, 1 + n * 0.0001 from generate_series(0, 599) as n;
insert into shop.event (happened_at, kind, body)
select timestamptz '2023-07-01 00:00:00+00' + n * interval '5 hours', 'kind ' || n % 6, jsonb_build_object('n', n) from generate_series(1, 5000) as n;
insert into shop.by_country select (array['DE', 'AT', 'JP', 'Île'])[n % 4 + 1], n, 'Place ' || n from generate_series(1, 400) as n;
insert into shop.booking (room, during)
select n % 10, tstzrange(timestamptz '2025-01-01 00:00:00+00' + n * interval '1 hour', timestamptz '2025-01-01 01:00:00+00' + n * interval '1 hour')
from generate_series(1, 500) as n;
insert into shop.message (id, owner_name, body)
select md5('message ' || n)::uuid, case when n % 2 = 0 then 'somebody else' else current_user::text end, 'public: hello ' || n from generate_series(1, 300) as n;
insert into shop."a table whose name is as long as a name can be in PostgreSQL 63"
select n, case when n % 2 = 0 then E'line\r\nbreak \\N \\. ' || n end from generate_series(1, 50) as n;
insert into shop."SELECT" values (1, 'a', 1.50), (2, null, 'NaN'), (3, '', -0.0);
insert into shop.session_cache select 'token ' || n, '\x00' from generate_series(1, 20) as n;
insert into shop.parent values (1, 'parent''s own');
insert into shop.child values (2, 'inherited', 'child''s own');
insert into shop.wide (id, "column 5", "column 1", "column 250") select n, 'w' || n, n, 'end' from generate_series(1, 200) as n;

insert into shop.page_view (customer_id, seen_at, url, referrer, milliseconds, detail)
select case when n % 13 > 0 then n % 2000 + 1 end, timestamptz '2024-01-01 00:00:00+00' + n * interval '7 seconds',
  '/shop/' || n % 97 || '/product/AB-' || n % 1000 + 1, case when n % 3 = 0 then 'https://search.example/?q=' || md5(n::text) end,
  n::bigint * 7919 % 4001, case when n % 10 = 0 then jsonb_build_object('agent', 'browser ' || n % 8, 'n', n) end
from generate_series(1, current_setting('rehearsal.rows')::integer) as n;

do $newer$
begin
  if current_setting('server_version_num')::integer >= 120000 then
    execute $$insert into shop.invoice (net, title) select n * 1.11, 'Invoice ' || n || ' für ''you''' from generate_series(1, 300) as n$$;
  end if;
  if current_setting('server_version_num')::integer >= 140000 then
    execute $$insert into shop.holiday select n, datemultirange(daterange(date '2024-01-01' + n, date '2024-01-03' + n)) from generate_series(1, 30) as n$$;
  end if;
end
$newer$;
