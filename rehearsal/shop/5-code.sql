-- Indexes of every kind, views on views, triggers, a procedure: what a dump carries after the data.

create index category_path on shop.category using gin (path);
create index customer_display_name on shop.customer (lower("displayName") text_pattern_ops, "order" desc nulls last);
create index "customer city ☃" on shop.customer (((home).city)) include (email) where home is not null;
create index customer_preferences on shop.customer using gist (preferences);
create index product_attributes on shop.product using gin (attributes jsonb_path_ops);
create index product_title_trigrams on shop.product using gin (title public.gin_trgm_ops);
create index product_slug on shop.product (shop.slug(title));
create index product_search on shop.product using gin (search);
create index product_valid on shop.product using spgist (valid_during);
create unique index product_one_manual on shop.product (category_id, sku) where manual is not null;
create index "order state & total" on "Point of ""Sale"""."Order" (state, total desc) where state <> 'returned';
create index order_customer on "Point of ""Sale"""."Order" using hash (customer_id);
create index order_line_sku on "Point of ""Sale"""."Order Line" (sku);
create index event_kind on shop.event (kind, happened_at);
create index event_body on shop.event using gin (body);
create index page_view_customer on shop.page_view (customer_id, seen_at desc);
create index page_view_url on shop.page_view (url text_pattern_ops);
create index page_view_slow on shop.page_view (milliseconds) where milliseconds > 3500;
create index page_view_seen on shop.page_view using brin (seen_at);
alter table shop.page_view cluster on page_view_customer;
alter table shop.page_view alter column url set statistics 500;
create statistics shop.page_view_dependencies (dependencies) on customer_id, url from shop.page_view;

create view shop.best_customer as
  select c.id, c."displayName", count(*) as orders, sum(o.total) as total
  from shop.customer as c join "Point of ""Sale"""."Order" as o on o.customer_id = c.id
  group by c.id having count(*) > 1;
create view shop."best customer, by name" with (security_barrier) as
  select "displayName", orders from shop.best_customer where total > 10;
create view shop.cheap_product as select sku, title, price from shop.product where price < 1 with local check option;
create recursive view shop.category_tree (id, depth) as
  select id, 0 from shop.category where parent_id is null
  union all
  select c.id, t.depth + 1 from shop.category as c join category_tree as t on t.id = c.parent_id;

create materialized view shop.views_per_day as
  select date_trunc('day', seen_at at time zone 'UTC') as day, count(*) as views from shop.page_view group by 1;
create unique index views_per_day_key on shop.views_per_day (day);
create materialized view shop.busiest_day as select max(views) as views from shop.views_per_day with no data;

create function shop.keep_price() returns trigger language plpgsql as $function$
begin
  if tg_op = 'INSERT' or new.price is distinct from old.price then
    insert into shop.price_history (sku, price) values (new.sku, new.price);
  end if;
  return null;
end
$function$;
create trigger keep_price after insert or update of price on shop.product for each row execute procedure shop.keep_price();

create function shop.touch() returns trigger language plpgsql as
  $function$ begin new.updated_at := pg_catalog.clock_timestamp(); return new; end $function$;
create trigger "touch; the ""stock""" before update on shop.stock for each row when (old.* is distinct from new.*) execute procedure shop.touch();

create procedure shop.forget(buyer bigint) language sql as $$ update shop.customer set notes = null where id = buyer $$;
create function shop.orders_of(buyer bigint, out id bigint, out total numeric) returns setof record language plpgsql stable as
  $$ begin return query select o.id, o.total from "Point of ""Sale"""."Order" as o where o.customer_id = buyer; end $$;
comment on function shop.orders_of(bigint) is E'first line\nsecond line; with a semicolon';

-- A view that takes writes through a rule.
create view shop.rename_customer as select id, "displayName" as name from shop.customer;
create rule rename as on update to shop.rename_customer do instead (
  update shop.customer set "displayName" = new.name where id = old.id;
  insert into shop.access_log (request_id, line) values ('rename', new.name)
);

grant usage on schema shop to public;
grant select on shop.best_customer to public;
alter default privileges in schema shop grant select on tables to public;

-- Bodies in the SQL standard's own form hold semicolons outside of any quotes; they are there from version 14 on.
do $newer$
begin
  if current_setting('server_version_num')::integer >= 140000 then
    execute $$create function shop.order_count(buyer bigint) returns bigint stable
      begin atomic
        select 1;
        select count(*) from "Point of ""Sale"""."Order" as o where o.customer_id = buyer;
      end$$;
  end if;
  if current_setting('server_version_num')::integer >= 150000 then
    execute 'create unique index one_unknown_weight on shop.booking (room, during) nulls not distinct';
  end if;
end
$newer$;

update shop.product set price = price + 1 where sku in ('AB-1', 'AB-2');
analyze;
