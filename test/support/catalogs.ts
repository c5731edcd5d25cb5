/** What a clean-up has to leave as it was: the catalogs of one database and of its server, as far as a migration could touch them. */
import type { Sql } from './world.ts';

/** Access lists by what they mean: one that was granted and revoked is written out, and says the same as none. */
const rightsIn = (catalog: string, name: string, list: string, kind: string, owner: string, where = 'true'): string => `
select '${catalog}' as catalog, ${name} as name, a.grantor::regrole::text as grantor, a.grantee::regrole::text as grantee,
  a.privilege_type as privilege
from ${catalog} as o, aclexplode(coalesce(${list}, acldefault(${kind}, ${owner}))) as a where ${where}`;

const QUERIES: Readonly<Record<string, string>> = {
  roles: `select rolname, rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin from pg_roles order by 1`,
  members: `select roleid::regrole::text as role, member::regrole::text as member from pg_auth_members order by 1, 2`,
  settings: `select setdatabase, setrole::regrole::text as role, setconfig from pg_db_role_setting order by 1, 2`,
  slots: `select slot_name, database from pg_replication_slots order by 1`,
  publications: `select pubname from pg_publication order by 1`,
  subscriptions: `select subname from pg_subscription order by 1`,
  schemas: `select nspname from pg_namespace where nspname !~ '^pg_(temp|toast_temp)' order by 1`,
  objects: `select pg_describe_object(classid, objid, 0) as object from (
    select 'pg_class'::regclass as classid, oid as objid from pg_class where oid >= 16384 and relkind <> 't' and relname !~ '^pg_toast'
    union all select 'pg_type'::regclass, oid from pg_type where oid >= 16384 and typname !~ '^pg_toast'
    union all select 'pg_proc'::regclass, oid from pg_proc where oid >= 16384
    union all select 'pg_cast'::regclass, oid from pg_cast where oid >= 16384
    union all select 'pg_extension'::regclass, oid from pg_extension
    union all select 'pg_collation'::regclass, oid from pg_collation where oid >= 16384
    union all select 'pg_operator'::regclass, oid from pg_operator where oid >= 16384
    union all select 'pg_event_trigger'::regclass, oid from pg_event_trigger) as o order by 1`,
  defaultRights: `select defaclrole::regrole::text as role, defaclnamespace, defaclobjtype, defaclacl::text from pg_default_acl order by 1, 2, 3`,
  rights: `select * from (${[
    rightsIn('pg_database', 'o.datname::text', 'o.datacl', "'d'", 'o.datdba', 'o.datname = current_database()'),
    rightsIn('pg_namespace', 'o.nspname::text', 'o.nspacl', "'n'", 'o.nspowner', "o.nspname !~ '^pg_'"),
    rightsIn('pg_class', 'o.oid::regclass::text', 'o.relacl', "'r'", 'o.relowner', "o.oid >= 16384 and o.relkind in ('r', 'p', 'v', 'm')"),
  ].join(' union all ')}) as r order by 1, 2, 3, 4, 5`,
};

/** @returns by subject; numbers of objects are left out where they may differ */
export async function catalogsOf(sql: Sql): Promise<Record<string, unknown>> {
  const entries: [string, unknown][] = [];
  for (const [subject, text] of Object.entries(QUERIES)) entries.push([subject, await sql(text)]);
  return Object.fromEntries(entries);
}
