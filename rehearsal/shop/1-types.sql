-- The words of the shop: schemas, extensions that every side may create, and types of every kind.

create schema shop;
create schema "Point of ""Sale""";
create schema "Zähler & 100% Reihen\";
comment on schema shop is 'What a customer sees; the quote ''n'' the backslash \ are there on purpose';

create extension citext;
create extension hstore;
create extension btree_gist;
create extension pg_trgm;
create extension "uuid-ossp";

create type shop.order_state as enum ('new', 'paid', 'shipped', 'returned');
-- Added in the middle, so that the sort order of the labels is not the order in which they were made.
alter type shop.order_state add value 'packed ☃' before 'shipped';
create type shop.address as (street text, "house no." smallint, city text, geo point);
create type shop.opening as range (subtype = time);

create domain shop.email as public.citext check (value ~ '^[^@\s]+@[^@\s]+$');
create domain shop.positive as numeric(14, 4) not null default 1 check (value > 0);
create domain shop."Sku ""v2""" as text constraint "looks like a sku" check (value ~ '^[A-Z]{2}-[0-9]+$');

create function shop.opening_hours(text) returns interval immutable strict language sql as
  $$ select pg_catalog.upper($1::shop.opening) - pg_catalog.lower($1::shop.opening) $$;

-- Index expressions, generated columns and checks use these, so every name inside is qualified: a dump has no search path.
create function shop.slug(title text) returns text immutable strict language sql as
  $$ select pg_catalog.lower(pg_catalog.regexp_replace($1, '[^[:alnum:]]+', '-', 'g')) $$;

create aggregate shop.longest(text) (
  sfunc = pg_catalog.textcat, stype = text, initcond = ''
);
