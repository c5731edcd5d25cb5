set client_encoding = 'UTF8';
select pg_catalog.set_config('search_path', '', false);
