import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { failure, pgDump } from '../../../../lambdas/adapters/pg-dump/pg-dump.ts';
import { clientConfig } from '../../../../lambdas/adapters/postgres/client-config.ts';
import { CannotConnect, InvalidConfiguration, StatementFailed, TransientError } from '../../../../lambdas/config/errors.ts';
import type { ConnectionSettings } from '../../../../lambdas/ports/connection-settings.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../../lambdas/postgres/sqlstates.ts';
import { startWorld, type World } from '../../../support/world.ts';

const SCHEMA_ONLY = ['--schema-only', '--no-owner', '--no-privileges'];
/** Enough for queries of several kilobytes, which arrive from libpq in several writes. */
const MANY_TABLES = 300;

let world: World;
let source: ConnectionSettings;

beforeAll(async () => {
  // From 17 on the source's role is no superuser, so that a privilege can be missing.
  world = await startWorld({ source: 17, target: 18 });
  source = world.database.source;
  await world.asSourceRole(`
    create table "Ünï ""quoted""; %" (id int primary key, note text default E'it''s \\\\ ü');
    comment on table "Ünï ""quoted""; %" is 'ü; ''quoted''';
    do $$ begin
      for i in 1..${MANY_TABLES} loop
        execute format('create table %I (id bigserial primary key, a text, b jsonb)', repeat('n', 50) || i);
      end loop;
    end $$;
  `);
});
afterAll(() => world?.destroy());

/** Waits until a session waits for a lock on the source. */
async function untilLockIsAwaited(): Promise<number> {
  for (;;) {
    const [waiting] = await world.source("select pid from pg_stat_activity where wait_event_type = 'Lock'");
    if (waiting) return waiting.pid as number;
  }
}

/** Runs `work` while a table is locked against all other sessions. */
async function whileLocked<Result>(work: () => Promise<Result>): Promise<Result> {
  const client = new pg.Client(clientConfig(source, 'test lock'));
  await client.connect();
  try {
    await client.query('begin; lock table "Ünï ""quoted""; %" in access exclusive mode');
    return await work();
  } finally {
    await client.end();
  }
}

/** Wakes the thread that waits for an answer over and over, as the notice of the answer before does where it comes late. */
async function whileWokenEarly<Result>(work: () => Promise<Result>): Promise<Result> {
  const notify = Atomics.notify.bind(Atomics);
  let isOver = false;
  const again = (answers: Int32Array<SharedArrayBuffer>): void => {
    notify(answers, 0);
    if (!isOver) setImmediate(again, answers);
  };
  const spy = vi.spyOn(Atomics, 'notify').mockImplementationOnce((answers) => {
    again(answers as unknown as Int32Array<SharedArrayBuffer>);
    return 1;
  });
  try {
    return await work();
  } finally {
    isOver = true;
    spy.mockRestore();
  }
}

describe('pg_dump', () => {
  it('waits for the answer itself, and not for a notice', async () => {
    expect(await whileWokenEarly(() => pgDump(source, 'Test').dump(SCHEMA_ONLY))).toContain('CREATE TABLE public."Ünï ""quoted""; %" (');
  });

  it('writes a complete dump, several times over and two at once', async () => {
    const port = pgDump(source, 'Test');
    const first = await port.dump(SCHEMA_ONLY);
    expect(first).toContain('CREATE TABLE public."Ünï ""quoted""; %" (');
    expect(first).toContain(`COMMENT ON TABLE public."Ünï ""quoted""; %" IS 'ü; ''quoted''';`);
    expect(first.match(/CREATE TABLE /g)).toHaveLength(MANY_TABLES + 1);
    expect(first.match(/PRIMARY KEY/g)).toHaveLength(MANY_TABLES + 1);
    expect(await Promise.all([port.dump(SCHEMA_ONLY), pgDump(source, 'Test').dump(SCHEMA_ONLY)])).toEqual([first, first]);
    expect(await port.dump(SCHEMA_ONLY)).toBe(first);
  });

  it('leaves no connection open', async () => {
    await pgDump(source, 'Gone').dump(SCHEMA_ONLY);
    const count = async () =>
      (await world.source(`select count(*)::int as n from pg_stat_activity where application_name like '%:Gone:%'`))[0]?.n;
    await expect.poll(count).toBe(0);
  });

  it('names a table that may not be read', async () => {
    await world.source('create table secret (a int)');
    try {
      const error = await pgDump(source, 'Test')
        .dump(SCHEMA_ONLY)
        .catch((refused: unknown) => refused);
      expect(error).toBeInstanceOf(StatementFailed);
      expect(error).toMatchObject({
        message: expect.stringContaining('permission denied for table secret'),
        complaint: { code: INSUFFICIENT_PRIVILEGE },
      });
    } finally {
      await world.source('drop table secret');
    }
  });

  it('is retried when a lock was not available', async () => {
    await whileLocked(() => expect(pgDump(source, 'Test', 200).dump(SCHEMA_ONLY)).rejects.toBeInstanceOf(TransientError));
  });

  it('is retried when its server process was ended', async () => {
    await whileLocked(async () => {
      const dumping = expect(pgDump(source, 'Test').dump(SCHEMA_ONLY)).rejects.toBeInstanceOf(TransientError);
      await world.source(`select pg_terminate_backend(${await untilLockIsAwaited()})`);
      await dumping;
    });
  });

  it.each([
    ['is retried where libpq lost the connection', 'query failed: server closed the connection unexpectedly', TransientError],
    ['is not retried after any other message of pg_dump', 'invalid value "x" for option --section', StatementFailed],
  ])('%s', (_, words, kind) => {
    expect(failure(`pg_dump failed.\npg_dump: error: ${words}`, { host: 'db', port: 5432 })).toBeInstanceOf(kind);
  });

  it('is retried when the connection was cut', async () => {
    const sockets: Socket[] = [];
    const line: Server = createServer((client) => {
      const server = connect(source.port, source.host);
      sockets.push(client, server);
      for (const socket of [client, server]) socket.on('error', () => {});
      client.pipe(server).pipe(client);
    });
    await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
    const { port } = line.address() as { port: number };
    try {
      await whileLocked(async () => {
        const dumping = expect(pgDump({ ...source, port }, 'Test').dump(SCHEMA_ONLY)).rejects.toBeInstanceOf(TransientError);
        await untilLockIsAwaited();
        for (const socket of sockets) socket.destroy();
        await dumping;
      });
    } finally {
      line.close();
    }
  });

  it('reports wrong options', async () => {
    await expect(pgDump(source, 'Test').dump(['--no-such-option'])).rejects.toMatchObject({
      name: 'StatementFailed',
      message: expect.stringContaining('no-such-option'),
    });
    await expect(pgDump(source, 'Test').dump(['--table="no such"'])).rejects.toThrow('no matching tables were found');
    await expect(pgDump(source, 'Test').dump(['x'.repeat(40_000)])).rejects.toBeInstanceOf(InvalidConfiguration);
  });

  it('fails rather than lose a line of a function', async () => {
    const hurt = (line: string) =>
      world.asSourceRole(`create or replace function hurt() returns text language sql as $$ select '\n${line}' $$`);
    try {
      await hurt('\\restrict me');
      await expect(pgDump(source, 'Test').dump(SCHEMA_ONLY)).rejects.toThrow('Indent that line');
      await hurt(' \\restrict me');
      expect(await pgDump(source, 'Test').dump(SCHEMA_ONLY)).toContain('\\restrict me');
    } finally {
      await world.asSourceRole('drop function hurt()');
    }
  });

  it('does not retry a wrong password, and never reports it', async () => {
    const error = (await pgDump({ ...source, password: 'canary' }, 'Test')
      .dump(SCHEMA_ONLY)
      .catch((refused: unknown) => refused)) as Error;
    expect(error).toBeInstanceOf(CannotConnect);
    expect(error.message).not.toContain('canary');
  });
});

it('pg_dump runs from a minified CommonJS bundle, with its thread and its module beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundled "pg_dump" '));
  const adapters = fileURLToPath(new URL('../../../../lambdas/adapters/pg-dump/', import.meta.url));
  try {
    const { warnings } = await build({
      entryPoints: { index: join(adapters, 'pg-dump.ts'), 'pg-dump-worker': join(adapters, 'pg-dump-worker.ts') },
      outdir: folder,
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      minify: true,
      define: { 'import.meta.url': 'bundleUrl' },
      banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
      external: ['pg-native'],
    });
    expect(warnings).toEqual([]);
    const module = createRequire(import.meta.url).resolve('@electric-sql/pglite-tools/pg_dump');
    copyFileSync(join(dirname(module), 'pg_dump.wasm'), join(folder, 'pg_dump.wasm'));
    writeFileSync(
      join(folder, 'run.cjs'),
      `require('./index.js').pgDump(JSON.parse(process.env.SETTINGS), 'Test').dump(${JSON.stringify(SCHEMA_ONLY)})
         .then((sql) => process.stdout.write(sql), (error) => process.stdout.write(error.name + ': ' + error.message));`,
    );
    const run = async () => {
      const options = { env: { SETTINGS: JSON.stringify(source) }, maxBuffer: 1 << 26 };
      return (await promisify(execFile)(process.execPath, [join(folder, 'run.cjs')], options)).stdout;
    };
    expect(await run()).toBe(await pgDump(source, 'Test').dump(SCHEMA_ONLY));
    // A thread that dies ends the dump, and leaves no caller waiting.
    rmSync(join(folder, 'pg_dump.wasm'));
    expect(await run()).toMatch(/^StatementFailed: pg_dump failed: .*pg_dump\.wasm/);
    writeFileSync(join(folder, 'pg-dump-worker.js'), 'process.exit(7)');
    expect(await run()).toBe('StatementFailed: pg_dump failed: its thread ended with 7');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
