/** Roles of ours in whose sessions code of users may run: what they are granted, and how their sessions end. */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { runAsGrantors } from './as-grantor.sql.ts';
import { identifier, literal, statement, USER_SCHEMA } from './quote.ts';

const to = (role: string): string => literal(identifier(role));

/**
 * SELECT, INSERT and TRUNCATE on these tables, SELECT on what else materialized views may read, and what PUBLIC would have on a database as
 * it is made: USAGE of schemas and EXECUTE of functions. Where we may not pass a right on, it is left out.
 * @param tables those that it may fill
 */
export const grantForUserCode = (role: string, tables: readonly TableName[]): Statement =>
  runAsGrantors(`
    select format('grant connect on database %I to %s', current_database(), ${to(role)}), (select datdba from pg_database where datname = current_database())
    where not has_database_privilege(${literal(role)}, current_database(), 'connect')
    union all
    select format('grant usage on schema %I to %s', n.nspname, ${to(role)}), n.nspowner from pg_namespace as n
    where ${USER_SCHEMA} and not has_schema_privilege(${literal(role)}, n.oid, 'usage') and has_schema_privilege(n.oid, 'usage with grant option')
    union all
    select format('grant %s on %s to %s', case when c.relkind = 'r' then 'select, insert, truncate' else 'select' end, c.oid::regclass, ${to(role)}), c.relowner
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where pg_has_role(c.relowner, 'usage') and ${USER_SCHEMA} and (c.relkind in ('v', 'm', 'p') or c.relkind = 'r' and (n.nspname, c.relname) in (
      select t."schema", t."table" from jsonb_to_recordset(${literal(JSON.stringify(tables))}) as t ("schema" text, "table" text)))
    union all
    select format('grant execute on routine %s to %s', p.oid::regprocedure, ${to(role)}), p.proowner
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    where ${USER_SCHEMA} and pg_has_role(p.proowner, 'usage') and not has_function_privilege(${literal(role)}, p.oid, 'execute')`);

/** Its sessions end first: what they were doing is rolled back, and their locks are gone. */
export const endSessions = (role: string): Statement =>
  statement(`select pg_terminate_backend(pid) from pg_stat_activity where usename = $1::name`, [role]);

/** Whether sessions of the role are still there. */
export const sessionsOf = (role: string): Statement<{ readonly count: number }> =>
  statement(`select count(*)::int as count from pg_stat_activity where usename = $1::name`, [role]);
