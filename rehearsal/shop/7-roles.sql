-- Roles with names of four kinds, which own things, were granted things, pass them on, and have settings of their own.

-- The application logs in as this one; its grants are what it needs, and no more.
create role "Shop ""Front""" login password 'rehearsal application';
create role "Lager & Größen ☃" login;
create role "Accountant";
create role clerk noinherit login;
-- To give them objects: from version 16 on the role that makes another is no member of it.
grant "Shop ""Front""", "Lager & Größen ☃", "Accountant", clerk to current_user;
grant "Accountant" to clerk;
grant clerk to "Lager & Größen ☃" with admin option;
grant pg_monitor to "Accountant";

-- Owners. A new one may create in the schema for as long as that takes.
grant create on schema shop, "Point of ""Sale""" to "Shop ""Front""", "Lager & Größen ☃", "Accountant", clerk;
alter table "Point of ""Sale"""."Order" owner to "Accountant";
alter table "Point of ""Sale"""."Order Line" owner to "Accountant";
alter table shop.access_log owner to "Shop ""Front""";
alter table shop.event owner to "Lager & Größen ☃";
alter table shop.event_2023 owner to "Lager & Größen ☃";
alter table shop.event_2024 owner to "Lager & Größen ☃";
alter table shop."event 2025+" owner to "Lager & Größen ☃";
alter table shop."event 2025+ even" owner to "Lager & Größen ☃";
alter table shop."event 2025+ odd" owner to "Lager & Größen ☃";
alter table shop."SELECT" owner to clerk;
alter view shop.best_customer owner to "Accountant";
alter view shop.cheap_product owner to "Lager & Größen ☃";
alter materialized view shop.views_per_day owner to "Lager & Größen ☃";
alter type shop.address owner to "Accountant";
alter type shop.opening owner to clerk;
alter domain shop.postcode owner to clerk;
alter function shop.orders_of(bigint) owner to "Accountant";
alter procedure shop.forget(bigint) owner to "Accountant";
alter aggregate shop.longest(text) owner to clerk;
alter statistics shop.page_view_dependencies owner to "Lager & Größen ☃";

create function shop.price_of(text) returns numeric stable security definer set search_path = pg_catalog language sql as
  'select price from shop.product where sku = $1';
alter function shop.price_of(text) owner to "Lager & Größen ☃";
create function shop.close_books() returns bigint security definer set search_path = pg_catalog language sql as
  'select count(*) from "Point of ""Sale"""."Order"';
revoke execute on function shop.close_books() from public;
grant execute on function shop.close_books() to "Shop ""Front""", clerk;
alter function shop.close_books() owner to "Accountant";
revoke create on schema shop, "Point of ""Sale""" from "Shop ""Front""", "Lager & Größen ☃", "Accountant", clerk;

-- Grants, by column where that is enough.
grant usage on schema "Point of ""Sale""" to "Shop ""Front""", "Accountant";
grant usage on schema "Zähler & 100% Reihen\" to "Lager & Größen ☃";
grant select, insert, update, delete on "Point of ""Sale"""."Order", "Point of ""Sale"""."Order Line", shop.event to "Shop ""Front""";
grant usage on sequence shop.event_id_seq, shop.price_history_id_seq to "Shop ""Front""";
grant select, insert, delete, update (version, quantity) on shop.stock to "Shop ""Front""";
grant select (sku, title, price), update (price) on shop.product to "Shop ""Front""";
grant insert on shop.page_view, shop.price_history to "Shop ""Front""";
grant select (id, "displayName") on shop.customer to "Shop ""Front""" with grant option;
grant select on shop.customer to "Accountant";
grant select on shop.product, shop.page_view to "Lager & Größen ☃";
grant all on shop.wide to "Lager & Größen ☃";
grant usage, select on all sequences in schema "Zähler & 100% Reihen\" to "Lager & Größen ☃";
grant references, trigger on shop.category to clerk;
grant insert, select on shop.message to "Shop ""Front""", "Lager & Größen ☃", "Accountant", clerk;
revoke usage on type shop.order_state from public;
grant usage on type shop.order_state to "Shop ""Front""", clerk with grant option;

-- Passed on by a role that is not the owner.
grant select on shop.category to "Accountant" with grant option;
grant select (sku, price) on shop.product to "Accountant" with grant option;
set role "Accountant";
grant select on shop.category to clerk;
grant select (price) on shop.product to clerk;
reset role;

create policy "front desk" on shop.message for insert to "Shop ""Front""" with check (owner_name = current_user);
create policy "Lager" on shop.message for select to "Lager & Größen ☃" using (owner_name = current_user);
create policy accounts on shop.message for select to "Accountant" using (body is null);
create policy clerks on shop.message for all to clerk, "Accountant" using (owner_name = 'clerk') with check (false);

alter default privileges for role "Accountant" in schema shop grant select, insert on tables to clerk with grant option;
alter default privileges for role "Accountant" revoke execute on functions from public;
alter default privileges for role clerk grant usage on sequences to "Lager & Größen ☃";
alter default privileges in schema "Point of ""Sale""" grant select on tables to "Accountant";
alter default privileges grant usage on types to clerk;

-- Views that run with the rights of whoever reads them are there from version 15 on.
do $newer$
begin
  if current_setting('server_version_num')::integer >= 150000 then
    execute 'create view shop.my_message with (security_invoker = true) as select id, body from shop.message';
    execute 'grant create on schema shop to clerk';
    execute 'alter view shop.my_message owner to clerk';
    execute 'revoke create on schema shop from clerk';
    execute 'grant select on shop.my_message to public';
  end if;
end
$newer$;

do $settings$
begin
  execute format('revoke temporary on database %I from public', current_database());
  execute format('grant temporary, connect on database %I to "Shop ""Front""", clerk', current_database());
  execute format('alter database %I set timezone = ''Europe/Zurich''', current_database());
  execute format('alter database %I set statement_timeout = ''20min''', current_database());
  execute format('alter role "Shop ""Front""" in database %I set statement_timeout = ''1min''', current_database());
  execute format('alter role "Accountant" in database %I set search_path = "Point of ""Sale""", shop, "$user"', current_database());
end
$settings$;
alter role "Shop ""Front""" set timezone = 'America/New_York';
alter role clerk set search_path = shop, public;
alter role clerk set statement_timeout = '45s';
