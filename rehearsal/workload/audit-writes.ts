/** Whether each acknowledged write is on a server exactly once. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { foundRows } from './found-rows.ts';
import type { Audit, FoundRow, Journal } from './journal.ts';
import type { Subject } from './subject.ts';

/** To be called when the writers have stopped and everything has arrived. */
export async function auditWrites(journal: Journal, subjects: readonly Subject[], settings: ConnectionSettings): Promise<Audit> {
  const client = new pg.Client(clientConfig(settings, 'rehearsal audit'));
  await client.connect();
  try {
    const rows: FoundRow[] = [];
    for (const table of subjects.flatMap(({ tables }) => tables)) {
      const { text, values } = foundRows(table);
      const found = await client.query<{ token: string; version: number }>(text, [...values]);
      for (const row of found.rows) rows.push({ table, ...row });
    }
    return journal.audit(rows);
  } finally {
    await client.end();
  }
}
