/**
 * Grants of an application's role that has none of its own: on the source where the database under rehearsal does not know it, and on a target to
 * which no grants are carried, where the operator grants them anew, as here.
 */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Statement } from '../../lambdas/ports/database.ts';
import { literal, statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';

/** On every schema, table, sequence and routine that we own. What extensions own is left as they made it, and what PUBLIC may call. */
const letIn = (role: string): Statement =>
  statement(`
do $do$
declare
  one text;
begin
  for one in
    select format('usage on schema %I', n.nspname) from pg_namespace as n
    where ${USER_SCHEMA} and not has_schema_privilege(${literal(role)}, n.oid, 'usage')
    union all
    select format('all on %s %I.%I', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and pg_has_role(c.relowner, 'usage') and ${USER_SCHEMA}
    union all
    select format('execute on routine %s', p.oid::regprocedure)
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    where pg_has_role(p.proowner, 'usage') and not has_function_privilege(${literal(role)}, p.oid, 'execute') and ${USER_SCHEMA}
  loop
    execute format('grant %s to %I', one, ${literal(role)});
  end loop;
end
$do$
`);

/** @param owner login of the role that owns the objects there */
export async function letApplicationIn(owner: ConnectionSettings, role: string): Promise<void> {
  const client = new pg.Client(clientConfig(owner, 'rehearsal preparation'));
  await client.connect();
  try {
    await client.query(letIn(role).text);
  } finally {
    await client.end();
  }
}
