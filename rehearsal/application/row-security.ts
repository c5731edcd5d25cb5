/**
 * Preflight's remedy where a table has row-level security and no role may pass on BYPASSRLS, as on Aurora: the role that replicates
 * is made beforehand, a member of the table's owner. Where that is the master user itself it is not done, and Preflight's finding remains.
 */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Statement } from '../../lambdas/ports/database.ts';
import { identifier, statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';

const letRolePassByPolicies = (): Statement =>
  statement(`
do $do$
declare
  owners name[] := array(
    select distinct pg_get_userbyid(c.relowner) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relrowsecurity and not c.relforcerowsecurity and pg_get_userbyid(c.relowner) <> current_user and ${USER_SCHEMA});
  one name;
begin
  if cardinality(owners) > 0 and not exists (select from pg_roles where rolname = '${REPLICATION_ROLE}') then
    create role ${identifier(REPLICATION_ROLE)};
  end if;
  foreach one in array owners loop
    execute format('grant %I to %I', one, '${REPLICATION_ROLE}');
  end loop;
end
$do$
`);

/** May be repeated. @param source as the master user */
export async function passByPolicies(source: ConnectionSettings): Promise<void> {
  const client = new pg.Client(clientConfig(source, 'rehearsal preparation'));
  await client.connect();
  try {
    await client.query(letRolePassByPolicies().text);
  } finally {
    await client.end();
  }
}
