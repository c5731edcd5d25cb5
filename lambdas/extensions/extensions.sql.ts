/** Extensions, as installed on the source and as offered by the target. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';

export interface InstalledExtension {
  readonly name: string;
  readonly version: string;
}

export const installedExtensions = (): Statement<InstalledExtension> =>
  statement('select extname::text as name, extversion as version from pg_extension order by extname');

export interface OfferedExtension {
  readonly name: string;
  /** The installed version, or else the one that `create extension` would install. */
  readonly version: string;
  readonly installed: boolean;
  /** Whether the connected role may install it, by the rules of plain PostgreSQL. */
  readonly installable: boolean;
}

/** https://www.postgresql.org/docs/current/sql-createextension.html: trusted ones take CREATE on the database, others a superuser. */
export const offeredExtensions = (): Statement<OfferedExtension> =>
  statement(`
select a.name::text as name, coalesce(a.installed_version, a.default_version) as version, a.installed_version is not null as installed,
  coalesce(r.rolsuper or not v.superuser or v.trusted and has_database_privilege(current_database(), 'create'), false) as installable
from pg_available_extensions as a
left join pg_available_extension_versions as v on v.name = a.name and v.version = a.default_version
join pg_roles as r on r.rolname = current_user
`);

/** Tables of extensions, which are not published because `create extension` makes them anew. */
export const extensionTables = (): Statement<{ object: string; schema: string; name: string; extension: string }> =>
  statement(`
select format('%I.%I', n.nspname, c.relname) as object, n.nspname::text as schema, c.relname::text as name, x.extname::text as extension
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
join pg_extension as x on d.refclassid = 'pg_extension'::regclass and x.oid = d.refobjid
where c.relkind in ('r', 'p')
order by object
`);
