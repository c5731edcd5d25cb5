/** The identity of a database, whatever its address. */
import type { Statement } from '../ports/database.ts';
import { statement } from '../postgres/quote.ts';

/** Whether we may ask for {@link clusterIdentity}: managed services are free to forbid it. */
export const mayReadIdentity = (): Statement<{ readonly allowed: boolean }> =>
  statement(`select has_function_privilege('pg_control_system()', 'execute') as allowed`);

/**
 * The number that initdb drew for the cluster. A restart, a failover and a restored snapshot keep it; two clusters that were built alike
 * differ in it, while their object identifiers may well agree.
 */
export const clusterIdentity = (): Statement<{ readonly identity: string }> =>
  statement(`select system_identifier::text as identity from pg_control_system()`);

/** The database's own number within its cluster; a database that was dropped and made again has another. */
export const databaseIdentity = (): Statement<{ readonly identity: string }> =>
  statement(`select oid::text as identity from pg_database where datname = current_database()`);
