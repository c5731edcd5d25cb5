/** Catalog entries that a clean-up has to leave as they were: of one database and its server, as far as a migration could touch them. */
import type { Statement } from '../../lambdas/ports/database.ts';
import { statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';
import type { Look } from './look.ts';

/** One thing that is there. `detail` is compared and never shown, because a setting may hold a secret. */
export interface Entry {
  readonly name: string;
  readonly detail: string;
}

/** Access lists by their meaning: one that was granted and revoked is written out, and means the same as none. */
const rightsIn = (catalog: string, name: string, list: string, kind: string, owner: string, where: string): string => `
select format('%s of %s on %s by %s', a.privilege_type, case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ${name}, a.grantor::regrole)
  as name, a.is_grantable::text as detail
from ${catalog} as o, aclexplode(coalesce(${list}, acldefault(${kind}, ${owner}))) as a where ${where}`;

const SUBJECTS = {
  roles: `select oid::regrole::text as name, concat_ws('/', rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin, rolconnlimit) as detail
from pg_roles`,
  // Before version 16 a membership inherits as its member does, and lets it act as the role. Several grantors may have given it.
  members: `select format('%s in %s', m.member::regrole, m.roleid::regrole) as name, format('%s%s%s by %s', bool_or(m.admin_option),
  bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)), bool_or(coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)),
  count(*)) as detail
from pg_auth_members as m join pg_roles as r on r.oid = m.member group by m.member, m.roleid`,
  settings: `select format('%s of role %s in database %s', split_part(entry, '=', 1), case when setrole = 0 then 'any' when pg_get_userbyid(setrole) = session_user then 'ours' else setrole::regrole::text end,
  coalesce((select datname::text from pg_database where oid = setdatabase), 'any')) as name, entry as detail
from pg_db_role_setting, unnest(setconfig) as entry`,
  slots: `select slot_name::text as name, coalesce(database::text, '') as detail from pg_replication_slots where not temporary`,
  publications: `select pubname::text as name, '' as detail from pg_publication`,
  subscriptions: `select s.subname::text as name, d.datname::text as detail from pg_subscription as s join pg_database as d on d.oid = s.subdbid`,
  schemas: `select nspname::text as name, nspowner::regrole::text as detail from pg_namespace where nspname !~ '^pg_(temp|toast_temp)'`,
  databaseRights: rightsIn('pg_database', `'the database'`, 'o.datacl', "'d'", 'o.datdba', 'o.datname = current_database()'),
  objects: `select pg_describe_object(classid, objid, 0) as name, '' as detail from (
    select 'pg_class'::regclass as classid, oid as objid from pg_class
      where oid >= 16384 and relkind <> 't' and relname !~ '^pg_toast' and relpersistence <> 't'
    union all select 'pg_type'::regclass, t.oid from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
      where t.oid >= 16384 and typname !~ '^pg_toast' and n.nspname !~ '^pg_temp'
    union all select 'pg_proc'::regclass, p.oid from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
      where p.oid >= 16384 and n.nspname !~ '^pg_temp'
    union all select 'pg_cast'::regclass, oid from pg_cast where oid >= 16384
    union all select 'pg_extension'::regclass, oid from pg_extension
    union all select 'pg_collation'::regclass, oid from pg_collation where oid >= 16384
    union all select 'pg_operator'::regclass, oid from pg_operator where oid >= 16384
    union all select 'pg_trigger'::regclass, oid from pg_trigger where oid >= 16384 and not tgisinternal
    union all select 'pg_event_trigger'::regclass, oid from pg_event_trigger) as o`,
  identities: `select format('%I.%I', n.nspname, c.relname) as name, concat_ws('/', c.relreplident, (
    select x.relname from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisreplident)) as detail
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence = 'p' and ${USER_SCHEMA}`,
  defaultRights: `select format('those of %s for %s in %s', defaclrole::regrole, defaclobjtype, coalesce(n.nspname, 'every schema')) as name,
  defaclacl::text as detail
from pg_default_acl left join pg_namespace as n on n.oid = defaclnamespace`,
  rights: [
    rightsIn('pg_namespace', 'o.nspname', 'o.nspacl', "'n'", 'o.nspowner', "o.nspname !~ '^pg_'"),
    rightsIn('pg_class', 'o.oid::regclass', 'o.relacl', "'r'", 'o.relowner', "o.oid >= 16384 and o.relkind in ('r', 'p', 'v', 'm')"),
  ].join(' union all '),
} as const;
export type Subject = keyof typeof SUBJECTS;

/** Everything but what the copied objects are: those stay on the target, with whatever the operator grants on them. */
export const APART_FROM_COPIES = ['roles', 'members', 'settings', 'slots', 'publications', 'subscriptions', 'databaseRights'] as const;
export const ALL_SUBJECTS = Object.keys(SUBJECTS) as Subject[];

const entriesOf = (subject: Subject): Statement<Entry> => statement(`select * from (${SUBJECTS[subject]}) as entries order by 1, 2`);

/** `cluster` are the entries of the control plane. */
export type Catalogs = Readonly<Partial<Record<Subject | 'cluster', readonly Entry[]>>>;

export async function catalogsOf(look: Look, subjects: readonly Subject[] = ALL_SUBJECTS): Promise<Catalogs> {
  const entries: [Subject, Entry[]][] = [];
  for (const subject of subjects) entries.push([subject, await look(entriesOf(subject))]);
  return Object.fromEntries(entries);
}

/** Entries that differ, each by its name: in `after` only, in `before` only, or not as it was. */
export function changesBetween(before: Catalogs, after: Catalogs): string[] {
  const subjects = Object.keys(before) as (keyof Catalogs)[];
  return subjects.flatMap((subject) => {
    const [then, now] = [byName(before[subject]), byName(after[subject])];
    return [...new Set([...then.keys(), ...now.keys()])].flatMap((name) => {
      const [was, is] = [then.get(name), now.get(name)];
      if (was === is) return [];
      return [`${subject}: ${name} ${was === undefined ? 'was left' : is === undefined ? 'is gone' : 'is not as it was'}`];
    });
  });
}

const byName = (entries: readonly Entry[] = []): Map<string, string> => {
  const found = new Map<string, string>();
  for (const { name, detail } of entries) found.set(name, `${found.get(name) ?? ''}\n${detail}`);
  return found;
};
