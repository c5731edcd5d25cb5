/** One write of the application: carried out as one transaction, and looked up where its acknowledgement was lost. */
import type pg from 'pg';
import { foundRow } from './found-rows.ts';
import type { Write } from './subject.ts';

/** @param begin what the transaction begins with */
export async function commit(client: pg.Client, { statements }: Write, begin = 'begin'): Promise<void> {
  await client.query(begin);
  for (const { text, values } of statements) await client.query(text, [...values]);
  await client.query('commit');
}

/** A transaction happened as a whole or not at all, so its first row shows which. */
export async function hasHappened(client: pg.Client, { changes: [first] }: Write): Promise<boolean> {
  if (!first) return true;
  const { text, values } = foundRow(first.table, first.token);
  const { rows } = await client.query<{ version: number }>(text, [...values]);
  return first.version === 'deleted' ? rows.length === 0 : rows.some(({ version }) => version >= Number(first.version));
}
