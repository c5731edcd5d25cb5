/**
 * Settings that stand with the database, with roles, and with roles in the database. Values may be secrets of the application, so they are in no
 * message. https://www.postgresql.org/docs/current/catalog-pg-db-role-setting.html
 */
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, statement } from '../postgres/quote.ts';
import { dropSecretFunction, plain, withSecret } from '../postgres/secret-connection.sql.ts';

export interface KeptSetting {
  /** Null for a setting of the database itself. */
  readonly role: string | null;
  /** Whether it holds in this database alone. */
  readonly here: boolean;
  readonly name: string;
  readonly value: string;
}

export const keptSettings = (): Statement<KeptSetting> =>
  statement(`
select pg_get_userbyid(nullif(s.setrole, 0))::text as role, s.setdatabase <> 0 as here, split_part(entry, '=', 1) as name,
  substr(entry, position('=' in entry) + 1) as value
from pg_db_role_setting as s cross join unnest(s.setconfig) as entry
where s.setdatabase in (0, (select oid from pg_database where datname = current_database())) and (s.setdatabase <> 0 or s.setrole <> 0)
order by 1 nulls first, 2, 3
`);

/**
 * Those of these names that our role may not set for a database or a role on this side: what takes a restart or a reload, what takes a superuser or a
 * grant, and what no module has defined. From version 15 on.
 * https://www.postgresql.org/docs/current/sql-alterrole.html, https://www.postgresql.org/docs/current/view-pg-settings.html
 */
export const settingsNotOurs = (names: readonly string[]): Statement<{ readonly name: string }> =>
  bound([[...names]])(`
select wanted.name from unnest($1::text[]) as wanted (name)
left join pg_settings as s on lower(s.name) = lower(wanted.name)
where not (select rolsuper from pg_roles where rolname = session_user)
  and (s.name is null or s.context in ('internal', 'postmaster', 'sighup')
    or s.context in ('superuser', 'superuser-backend') and not has_parameter_privilege(session_user, s.name, 'set'))
order by 1
`);

/** Settings that hold a list of names, which must not be quoted as one text (GUC_LIST_QUOTE in utils/misc/guc_tables.c). */
export const LISTS: ReadonlySet<string> = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'shared_preload_libraries',
  'local_preload_libraries',
]);

const ownerOf = ({ role, here }: Pick<KeptSetting, 'role' | 'here'>, database: string): string =>
  role === null ? `database ${identifier(database)}` : `role ${identifier(role)}${here ? ` in database ${identifier(database)}` : ''}`;

/** A setting of an application has two parts, which are quoted each by itself. */
const quoted = (name: string): string => name.split('.').map(identifier).join('.');

/**
 * In this order, in one transaction. A list is set through the session, which takes it as it is stored: parsed as SQL it could hold statements.
 * @param database on the target
 */
export function giveSetting(setting: KeptSetting, database: string): Statement[] {
  const { name, value } = setting;
  const alter = `alter ${ownerOf(setting, database)} set ${quoted(name)}`;
  if (!LISTS.has(name)) return [...withSecret(`${plain(alter)} to %L`, value), dropSecretFunction()];
  return [statement(throughSession(setting, alter))];
}

const throughSession = ({ name, value }: KeptSetting, alter: string): string => `
do ${literal(`
declare
  before text := current_setting(${literal(name)}, true);
begin
  perform set_config(${literal(name)}, ${literal(value)}, true);
  ${alter} from current;
  perform set_config(${literal(name)}, coalesce(before, ''), true);
end
`)}
`;

/** The same in one text, for a value that was on the target before. @param database on the target */
export function restoreSetting(setting: KeptSetting, database: string): string {
  const alter = `alter ${ownerOf(setting, database)} set ${quoted(setting.name)}`;
  return LISTS.has(setting.name) ? throughSession(setting, alter).trim() : `${alter} to ${literal(setting.value)}`;
}

/** @param database on the target */
export const dropSetting = (setting: KeptSetting, database: string): string =>
  `alter ${ownerOf(setting, database)} reset ${quoted(setting.name)}`;
