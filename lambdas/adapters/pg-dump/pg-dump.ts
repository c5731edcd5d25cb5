/**
 * The port `schemaDump`: pg_dump 18 as WebAssembly. node-postgres connects and authenticates; then the module takes over the
 * connection, so that neither it nor its arguments ever hold a password.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import pg from 'pg';
import { InvalidConfiguration, type MigrationError, StatementFailed, TransientError } from '../../config/errors.ts';
import { applicationName } from '../../config/names.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { SchemaDump } from '../../ports/database.ts';
import type { SessionKind } from '../../postgres/session-pins.sql.ts';
import { QUERY_CANCELED } from '../../postgres/sqlstates.ts';
import { connect } from '../postgres/connect.ts';
import { translate, type WholeWords } from '../postgres/database-errors.ts';
import { errorFields, greeting, isReady, Messages } from './pg-dump-protocol.ts';
import type { DumpMessage, DumpOrder } from './pg-dump-worker.ts';

/** pg_dump's ACCESS SHARE locks wait behind DDL of another session, and later sessions wait behind them; so it gives up and is retried. */
const LOCK_WAIT_MS = 20_000;

/**
 * Fixed arguments: the connection is made already, so the module sees neither server nor login. The name only keeps libpq from
 * looking for one.
 */
const OWN_ARGS = ['--dbname=source', '--no-password', '--encoding=UTF8'];

/** The module's stack is 64 KiB and holds its arguments; 45 KB of them passed and 90 KB did not. Half leaves room for its work. */
const MOST_ARGUMENT_BYTES = 32_768;

/**
 * The worker's module: beside this one, in the source tree as well as in a bundle.
 *
 * A bundle consists of three files in one folder: the one that holds this module; `pg-dump-worker.js`, bundled from the entry
 * `pg-dump-worker.ts` beside it; and `pg_dump.wasm`, copied from `@electric-sql/pglite-tools/dist`. Both bundles are CommonJS,
 * in which `import.meta.url` has no value. This file and pg_dump ask for it, so esbuild has to be told, for both entries:
 * `define: {'import.meta.url': 'bundleUrl'}` and
 * `banner: {js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;'}`.
 */
const workerUrl = (): URL => new URL(import.meta.url.endsWith('.ts') ? './pg-dump-worker.ts' : './pg-dump-worker.js', import.meta.url);

/** A connection that the server has let in, and the settings that it announced. */
interface Admission {
  readonly socket: pg.Connection['stream'];
  readonly announced: ReadonlyMap<string, string>;
}

/** pg_dump sets its own time limits. Settings that it does not set, but prints values under, are pinned before it takes over. */
const DUMPING: SessionKind = { mode: 'read only', statement: 0, lock: 0, idleInTransaction: 0 };

async function admit(settings: ConnectionSettings, step: string, log?: WholeWords): Promise<Admission> {
  const { client, announced } = await connect(settings, applicationName(step, 'pg_dump'), DUMPING, log);
  const socket = client.connection.stream;
  socket.removeAllListeners('data'); // from here on node-postgres reads nothing
  return { socket, announced };
}

/** Relays bytes between the worker and the socket until one of them ends. */
function converse(
  { socket, announced }: Admission,
  args: readonly string[],
  settings: ConnectionSettings,
  log?: WholeWords,
): Promise<string> {
  const { port1: port, port2 } = new MessageChannel();
  const answers = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: DumpOrder = { port: port2, answers, greeting: greeting(announced), args };
  // No environment: libpq would read PGOPTIONS and its like.
  const worker = new Worker(workerUrl(), { workerData, transferList: [port2], env: {}, execArgv: [], stdout: true, stderr: true });

  let complaint: ReadonlyMap<string, string> | undefined;
  const messages = new Messages('typed');
  let answer: Uint8Array[] = [];
  let parted = false;

  return new Promise<string>((resolve, reject) => {
    const lost = (why: string) =>
      reject(new TransientError(`The connection to ${settings.host}:${settings.port} failed during pg_dump: ${why}.`));
    socket.on('data', (bytes: Buffer) => {
      const whole = messages.push(bytes);
      answer.push(bytes);
      for (const message of whole) complaint = errorFields(message) ?? complaint;
      if (!whole.some(isReady)) return; // a setting that a reload changes may be announced right after it
      const all = Uint8Array.from(Buffer.concat(answer));
      answer = [];
      if (LOST_LINE.test(Buffer.from(all.buffer).toString('latin1'))) return reject(wouldLoseLine());
      port.postMessage(all, [all.buffer]);
      Atomics.add(answers, 0, 1);
      Atomics.notify(answers, 0);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => lost(error.code ?? error.message));
    socket.on('close', () => {
      if (!parted) complaint ? reject(refusal(complaint, settings, log)) : lost('it was closed by the other side');
    });
    worker.on('message', (said: DumpMessage) => {
      if ('ask' in said) socket.write(said.ask);
      else if ('part' in said) {
        parted = true; // the server closes the connection, and the worker has still to send its output
        socket.end(said.part);
      } else if ('sql' in said) resolve(said.sql);
      else reject(complaint ? refusal(complaint, settings, log) : failure(said.failure, settings));
    });
    worker.on('error', (error: Error) => reject(failure(error.message, settings)));
    worker.on('exit', (code) => reject(failure(`its thread ended with ${code}`, settings)));
  }).finally(() => {
    socket.destroy();
    port.close();
    void worker.terminate();
  });
}

/** The module removes every line of a dump that begins like these psql commands, also inside literals. Lines also end at U+2028 and U+2029. */
const LOST_LINE = /(?:[\n\r]|\xe2\x80[\xa8\xa9])\\(?:un)?restrict\b/i;
const wouldLoseLine = (): MigrationError =>
  new StatementFailed(
    'A function, view or comment of the source holds a line that begins with \\restrict or \\unrestrict, which a dump would lose. Indent that line.',
    {},
  );

/** The error for a refusal of the server. Its message names the object; the query of pg_dump is left out. */
function refusal(fields: ReadonlyMap<string, string>, settings: ConnectionSettings, log?: WholeWords): MigrationError {
  const code = fields.get('C') ?? '';
  const said = fields.get('M') ?? '';
  if (code === QUERY_CANCELED) {
    return new TransientError(
      `pg_dump did not get its locks in time (${said}). Another session is changing the schema of the source, or cancelled the dump.`,
    );
  }
  const error = new pg.DatabaseError(`pg_dump could not read the schema of ${settings.host}: ${said}`, 0, 'error');
  Object.assign(error, { code, hint: fields.get('H'), where: fields.get('W'), file: fields.get('F'), routine: fields.get('R') });
  return translate(error, settings, log);
}

/** Message of libpq for a lost connection (pqsecure_raw_read in src/interfaces/libpq/fe-secure.c). */
const HEARS_NOTHING = /server closed the connection unexpectedly/;

/** The error for a failure of pg_dump itself. The module joins the lines of its stderr after a text of its own; queries are left out. */
export function failure(text: string, { host, port }: Pick<ConnectionSettings, 'host' | 'port'>): MigrationError {
  if (HEARS_NOTHING.test(text))
    return new TransientError(`The connection to ${host}:${port} failed during pg_dump: it heard nothing more.`);
  const lines = text.replaceAll(/\s+/g, ' ').split(/(?=pg_dump: )/);
  const reported = lines.slice(1).filter((line) => !line.includes('Query was:') && !line.includes('hint: Try'));
  return new StatementFailed(`pg_dump failed: ${(reported.length > 0 ? reported : lines).join(' ').slice(0, 1000)}`, {});
}

/**
 * @param lockWaitMs how long pg_dump waits for its locks
 * @param log gets what a server said where an error leaves it out
 * @throws TransientError from `dump` where the connection, or a lock, could not be had
 * @throws StatementFailed from `dump` where the server, or pg_dump itself, refuses
 */
export function pgDump(settings: ConnectionSettings, step: string, lockWaitMs = LOCK_WAIT_MS, log?: WholeWords): SchemaDump {
  return {
    async dump(options) {
      const args = [...OWN_ARGS, `--lock-wait-timeout=${lockWaitMs}`, ...options];
      const bytes = Buffer.byteLength(args.join('\0'));
      if (bytes > MOST_ARGUMENT_BYTES) {
        throw new InvalidConfiguration(
          `The options of pg_dump take ${bytes} bytes of at most ${MOST_ARGUMENT_BYTES}. Exclude whole schemas, or parents in place of their partitions.`,
        );
      }
      return converse(await admit(settings, step, log), args, settings, log);
    },
  };
}
