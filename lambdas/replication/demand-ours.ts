/** Before the role, the publication or a subscription is used: an object of another role under one of our names must not affect the stream. */
import { NotOurs } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import { namesNotOurs } from '../state/trust.sql.ts';

/**
 * The schema needs no such check: every connection checks it by itself.
 * @throws NotOurs naming each, and the statement that mends it
 */
export async function demandOurs(name: SideName, side: Reader): Promise<void> {
  const faults = await side.query(namesNotOurs());
  const { host, port, database } = side.endpoint;
  if (faults.length > 0) throw new NotOurs(`${name} at ${host}:${port}/${database}`, faults);
}
