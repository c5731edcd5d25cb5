/** A dump of one's own, loaded into the embedded source as `psql` would load it for an operator who mends what can be mended. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { USER_SCHEMA } from '../../lambdas/postgres/quote.ts';
import { wordsOf } from './complaints.ts';
import { type Keys, Loader } from './loader.ts';
import { mentioned } from './passed-over.ts';
import { DumpRefused } from './refused.ts';
import { piecesOf, Reading } from './statements.ts';

export interface DumpOptions extends Keys {
  readonly path: string;
  /** The master user's. */
  readonly source: ConnectionSettings;
}

export interface LoadedDump {
  /** Statements that were passed over or changed, for the user to know. */
  readonly notes: readonly string[];
  readonly tables: number;
}

/**
 * @throws DumpRefused where the database is not what the dump says, or where there is nothing to move
 * @throws OutOfLocks where the server has no room for the locks of one transaction
 */
export async function loadDump({ path, source, ...keys }: DumpOptions): Promise<LoadedDump> {
  const reading = new Reading();
  const loader = new Loader(source, keys, reading);
  await loader.open();
  try {
    for await (const piece of piecesOf(path, reading)) await loader.take(piece);
    if (loader.isInTransaction)
      throw new DumpRefused('The dump begins a transaction and does not end it, so psql would take everything back.');
  } catch (error) {
    const refused =
      error instanceof SyntaxError ? new DumpRefused(`${error.message} Dump again; the file is not whole.`, { cause: error }) : error;
    if (!(refused instanceof DumpRefused)) throw error;
    throw new DumpRefused(`${refused.message}${mentioned(loader.notes, refused.message)}`, { cause: refused.cause });
  } finally {
    await loader.close();
  }
  const { tables, notes } = await finish(source);
  const cutOff = 'the end: the file begins as pg_dump writes one and does not end so, which may mean that it is cut off';
  return { tables, notes: [...loader.notes, ...(reading.lacksItsEnd ? [cutOff] : []), ...notes] };
}

/** In a session of its own, which has none of the dump's settings. */
async function finish(source: ConnectionSettings): Promise<LoadedDump> {
  const client = new pg.Client(clientConfig(source, 'rehearsal dump'));
  await client.connect();
  try {
    const { rows } = await client.query<{ tables: number }>(
      `
select count(*)::int as tables from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and ${USER_SCHEMA}
and not exists (select from pg_catalog.pg_depend as d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
`,
    );
    const tables = rows[0]?.tables ?? 0;
    if (tables === 0) throw new DumpRefused('The dump holds no table, so there is nothing to move. Is it the right file?');
    await client.query('set statement_timeout = 0');
    // Code of the user, in an index over an expression, may fail here.
    const said = await client.query('analyze').then(
      () => [],
      (error: unknown) => [`analyze: ${wordsOf(error)}`],
    );
    return { tables, notes: said };
  } finally {
    await client.end();
  }
}

export { DumpRefused };
