import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgDump } from '../../lambdas/adapters/pg-dump/pg-dump.ts';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { DumpRefused, loadDump } from '../../rehearsal/dump/load-dump.ts';
import { keysTo } from '../../rehearsal/dump/operator.ts';
import { compareIndexes } from '../../rehearsal/inventory/indexes.ts';
import { lookAtBoth } from '../../rehearsal/inventory/look.ts';
import { compareSequences } from '../../rehearsal/inventory/sequences.ts';
import { compareTables } from '../../rehearsal/inventory/tables.ts';
import { startSource } from '../../rehearsal/servers/pair.ts';
import { loadShop } from '../../rehearsal/shop/load.ts';

describe("the user's own dump", () => {
  let side: Awaited<ReturnType<typeof startSource>>;
  let folder: string;
  let databases = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-test-'));
    side = await startSource(17);
  });
  afterAll(() => {
    side.server.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  const empty = () => {
    databases += 1;
    return side.createDatabase(`dump ${databases}`);
  };
  const load = async (text: string, source?: ConnectionSettings): Promise<{ source: ConnectionSettings; notes: readonly string[] }> => {
    const path = join(folder, 'a dump.sql');
    writeFileSync(path, text);
    const into = source ?? (await empty());
    return { source: into, notes: (await loadDump({ path, source: into, ...keysTo({ source: side.server, target: undefined }) })).notes };
  };
  const rows = async (settings: ConnectionSettings, text: string): Promise<unknown[]> => {
    const client = new pg.Client({ ...clientConfig(settings, 'test') });
    await client.connect();
    try {
      return (await client.query({ text, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  };

  it('with data as pg_dump writes it becomes the database that it was taken from', async () => {
    const shop = await empty();
    await loadShop(shop, 10);
    // This pg_dump writes a statement for each row, which takes its time, and in which -0 is the integer 0. No server can load what
    // dumps hold of two tables: checks of the one find no function under the empty search_path of a dump, rows of the other name an index that it
    // makes later.
    await rows(shop, `truncate shop.keyword, shop.watched, shop.event, shop.access_log, "Point of ""Sale"""."Order" cascade`);
    await rows(shop, 'update shop.product set weight_kg = 0 where weight_kg = 0');
    const { source, notes } = await load(await pgDump(shop, 'test').dump([]));
    // Grants that a role has passed on are made by the owner instead: the rights are the same.
    expect(notes.filter((note) => !note.includes('"rds: ddl"'))).toEqual([
      'SET SESSION AUTHORIZATION "Accountant": a rehearsal does without',
      'RESET SESSION AUTHORIZATION: a rehearsal does without',
    ]); // the platform's own event trigger stays where it is
    const found = await lookAtBoth({ source: shop, target: source }, async (both) => ({
      tables: await compareTables(both),
      sequences: await compareSequences(both),
      indexes: await compareIndexes(both),
    }));
    expect(found.tables.compared).toBeGreaterThan(25);
    expect(found).toMatchObject({ tables: { different: [] }, sequences: { behind: [] }, indexes: { missing: [] } });
  });

  it('keeps every byte of its data, whatever looks like a line break or like an end', async () => {
    const values = ['\u2028', '\u0085', 'a\\rb', '\\\\.', '"; select 1;', '--', 'COPY t FROM stdin;'];
    const { source } = await load(
      `\\restrict abc\nCREATE TABLE public.t (n integer, v text);\nCOPY public.t (n, v) FROM stdin;\n${values
        .map((value, n) => `${n}\t${value}\n`)
        .join('')}\\.\n\nCREATE TABLE public.u (\n  a text DEFAULT ';'\n);\n\\unrestrict abc\n`,
    );
    expect((await rows(source, 'select v from t order by n')).flat()).toEqual(
      values.map((value) => value.replace('a\\rb', 'a\rb').replace('\\\\.', '\\.')),
    );
    expect(await rows(source, 'select count(*)::int from u')).toEqual([[0]]);
  });

  it.each([
    [
      'a statement that the server refuses',
      'CREATE TABLE a (x integer);\nCREATE TABLE b (\n  x nothing_known\n);',
      'Line 2 of the dump was refused: CREATE TABLE b ( x nothing_known ): type "nothing_known" does not exist',
    ],
    ['data that the server refuses', 'CREATE TABLE a (x integer);\nCOPY a FROM stdin;\nx\n\\.\n', 'Line 2 of the dump was refused'],
    ['an encoding that is not known', "SET client_encoding = 'MULE_INTERNAL';", '--encoding=UTF8'],
    ['an end in the middle of a statement', 'CREATE TABLE a (x integer', 'the file is not whole'],
    ['an end in the middle of data', 'CREATE TABLE a (x integer);\nCOPY a FROM stdin;\n1\n', 'in the middle of the data'],
  ])('with %s is refused with the reason', async (_, text, reason) => {
    const refused = load(text);
    await expect(refused).rejects.toThrow(DumpRefused);
    await expect(refused).rejects.toThrow(reason);
  });
});
