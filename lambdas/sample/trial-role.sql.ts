/** The role that logs in for a trial: its grants, and its removal. */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { identifier, literal, statement, USER_SCHEMA } from '../postgres/quote.ts';

/** Runs each statement that a query makes, as the column `command`. The server quotes the names that it returns. */
const runAll = (commands: string): Statement =>
  statement(`
do $do$
declare
  command text;
begin
  for command in ${commands} loop
    execute command;
  end loop;
end
$do$
`);

/**
 * SELECT, INSERT and TRUNCATE on these tables, SELECT on what else materialized views may read, and what PUBLIC would have on a database as
 * it is made: USAGE of schemas and EXECUTE of functions. Where we may not pass a right on, it is left out, and the trial reports what needs it.
 * @param tables those that are tried
 */
export const grantForTrial = (role: string, tables: readonly TableName[]): Statement =>
  runAll(`
    select format('grant connect on database %I to ${identifier(role)}', current_database())
    where not has_database_privilege(${literal(role)}, current_database(), 'connect')
    union all
    select format('grant usage on schema %I to ${identifier(role)}', n.nspname) from pg_namespace as n
    where ${USER_SCHEMA} and not has_schema_privilege(${literal(role)}, n.oid, 'usage') and has_schema_privilege(n.oid, 'usage with grant option')
    union all
    select format('grant %s on %s to ${identifier(role)}', case when c.relkind = 'r' then 'select, insert, truncate' else 'select' end, c.oid::regclass)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where pg_has_role(c.relowner, 'usage') and ${USER_SCHEMA} and (c.relkind in ('v', 'm', 'p') or c.relkind = 'r' and (n.nspname, c.relname) in (
      select t."schema", t."table" from jsonb_to_recordset(${literal(JSON.stringify(tables))}) as t ("schema" text, "table" text)))
    union all
    select format('grant execute on routine %s to ${identifier(role)}', p.oid::regprocedure)
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    where ${USER_SCHEMA} and pg_has_role(p.proowner, 'usage') and not has_function_privilege(${literal(role)}, p.oid, 'execute')`);

/** Everything that it was granted in this database. */
export const revokeFromTrial = (role: string): Statement => {
  const held = (catalog: string, acl: string): string =>
    `${catalog} as o cross join aclexplode(o.${acl}) as a where a.grantee = to_regrole(${literal(identifier(role))})`;
  const from = `from ${identifier(role)}`;
  return runAll(`
    select distinct format('revoke all on database %I ${from}', o.datname) from ${held('pg_database', 'datacl')} and o.datname = current_database()
    union all select distinct format('revoke all on schema %I ${from}', o.nspname) from ${held('pg_namespace', 'nspacl')}
    union all select distinct format('revoke all on %s ${from}', o.oid::regclass) from ${held('pg_class', 'relacl')}
    union all select distinct format('revoke all on routine %s ${from}', o.oid::regprocedure) from ${held('pg_proc', 'proacl')}`);
};

/** Its sessions end first: what they were doing is rolled back, and their locks are gone. */
export const endTrialSessions = (role: string): Statement =>
  statement(`select pg_terminate_backend(pid) from pg_stat_activity where usename = $1::name`, [role]);

/** Whether sessions of the role are still there. */
export const trialSessions = (role: string): Statement<{ readonly count: number }> =>
  statement(`select count(*)::int as count from pg_stat_activity where usename = $1::name`, [role]);
