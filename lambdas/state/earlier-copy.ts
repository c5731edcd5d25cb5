/** Whether the target took over a schema before, and whether it was this source's. */
import { StatementFailed } from '../config/errors.ts';
import type { Reader } from '../ports/database.ts';
import { type SchemaCopy, schemaCopyExists, schemaCopy as schemaCopyRow } from './schema-copy.sql.ts';
import { clusterIdentity, databaseIdentity, mayReadIdentity } from './server-identity.sql.ts';

/** The record of the copy on the target; undefined where no attempt got so far. */
export async function copyOn(target: Reader): Promise<SchemaCopy | undefined> {
  const [there] = await target.query(schemaCopyExists());
  return there?.exists ? (await target.query(schemaCopyRow()))[0] : undefined;
}

/** The identity that stays the same across restarts, failovers and changes of address. */
export async function identityOf(source: Reader): Promise<string> {
  const [database] = await source.query(databaseIdentity());
  return `${(await clusterOf(source)) ?? 'unknown'}/${database?.identity}`;
}

/** System identifier of a side's cluster. Managed services may forbid the question; then the database's own number has to do. */
export async function clusterOf(side: Reader): Promise<string | undefined> {
  const [may] = await side.query(mayReadIdentity());
  if (!may?.allowed) return undefined;
  try {
    return (await side.query(clusterIdentity()))[0]?.identity;
  } catch (error) {
    if (error instanceof StatementFailed) return undefined;
    throw error;
  }
}
