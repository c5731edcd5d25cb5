/** Version, settings and connections of a server. */
import type { Statement } from '../../ports/database.ts';
import { statement } from '../../postgres/quote.ts';

export interface ServerFacts {
  /** As in `show server_version`, such as `16.1`. */
  readonly version: string;
  /** Aurora has a function of this name; plain PostgreSQL and RDS have not. */
  readonly isAurora: boolean;
  readonly isStandby: boolean;
  readonly encoding: string;
}

export const serverFacts = (): Statement<ServerFacts> =>
  statement(`
select current_setting('server_version') as version, to_regproc('pg_catalog.aurora_version') is not null as "isAurora",
  pg_is_in_recovery() as "isStandby", current_setting('server_encoding') as encoding
`);

export interface ConnectionRoom {
  readonly open: number;
  readonly most: number;
  /** Connections that only superusers, or roles with pg_use_reserved_connections, may take. */
  readonly reserved: number;
  /** Limit of our role, -1 without one; connections that it has open now. */
  readonly roleLimit: number;
  readonly roleOpen: number;
  /** Limit of this database, -1 without one; connections that it has open now. */
  readonly databaseLimit: number;
  readonly databaseOpen: number;
}

/** No limit binds a superuser. pg_stat_activity shows rows of other roles to every role, though not what they do. */
export const connectionRoom = (): Statement<ConnectionRoom> =>
  statement(`
select (select sum(numbackends) from pg_stat_database)::float8 as open,
  current_setting('max_connections')::float8 as most,
  case when r.rolsuper then 0 else current_setting('superuser_reserved_connections')::float8
    + coalesce(current_setting('reserved_connections', true)::float8, 0) end as reserved,
  case when r.rolsuper then -1 else r.rolconnlimit end::float8 as "roleLimit",
  (select count(*) from pg_stat_activity as a where a.usesysid = r.oid)::float8 as "roleOpen",
  case when r.rolsuper then -1 else d.datconnlimit end::float8 as "databaseLimit",
  (select numbackends from pg_stat_database as s where s.datid = d.oid)::float8 as "databaseOpen"
from pg_roles as r, pg_database as d
where r.rolname = current_user and d.datname = current_database()
`);

export { otherSubscriptions, replicationUse, settings } from '../../target/work.sql.ts';
