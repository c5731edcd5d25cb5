/** How many sessions a server has to spare for a copy in parts. */
import { PREFIX } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';

/** Limits of one server, and what is taken of them. A limit that is not there, or does not bind, is null. */
export interface SessionRoom {
  /** max_connections */
  readonly most: number;
  /** Connections of these that ordinary roles cannot take; the roles that copy are such. */
  readonly reserved: number;
  /** Sessions of others on the whole server, other migrations included. Ours come and go, and are counted by what they need. */
  readonly others: number;
  readonly databaseLimit: number | null;
  /** Sessions of others in this database. */
  readonly databaseOthers: number;
  /** Limit of the role that copies here. */
  readonly copyLimit: number | null;
  /** Limit of our own role, and its sessions that are not this migration's. */
  readonly ownLimit: number | null;
  readonly ownOthers: number;
}

/**
 * `pg_stat_activity` shows rows of other roles to every role, though not always their `backend_type`: what has a user and a database then counts
 * as a session. A walsender takes one of max_connections before version 12, and none from there on.
 * @param copyRole the role that copies on this side, which may be still to come
 */
export const sessionRoom = (copyRole: string): Statement<SessionRoom> =>
  bound([copyRole, PREFIX])(`
with here as (
  select d.oid, d.datconnlimit, r.oid as role, r.rolconnlimit, r.rolsuper from pg_database as d, pg_roles as r
  where d.datname = current_database() and r.rolname = current_user
), others as (
  select a.datid, a.usesysid from pg_stat_activity as a, here as h
  where a.usesysid is not null
    and (a.backend_type = 'client backend' or a.backend_type is null and a.datid is not null
      or a.backend_type = 'walsender' and current_setting('server_version_num')::int < 120000)
    and (a.datid = h.oid and starts_with(a.application_name, $2::text)) is not true
)
select current_setting('max_connections')::float8 as most,
  current_setting('superuser_reserved_connections')::float8 + coalesce(current_setting('reserved_connections', true)::float8, 0) as reserved,
  (select count(*) from others)::float8 as others,
  nullif(h.datconnlimit, -1)::float8 as "databaseLimit",
  (select count(*) from others as o where o.datid = h.oid)::float8 as "databaseOthers",
  (select nullif(r.rolconnlimit, -1) from pg_roles as r where r.rolname = $1::text and not r.rolsuper)::float8 as "copyLimit",
  (case when not h.rolsuper then nullif(h.rolconnlimit, -1) end)::float8 as "ownLimit",
  (select count(*) from others as o where o.usesysid = h.role)::float8 as "ownOthers"
from here as h
`);
