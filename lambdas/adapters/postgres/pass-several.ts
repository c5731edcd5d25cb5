/**
 * Passes the rows of several small tables on, in one round trip of each end. Both are told all of it in one text; the rows of a table are sent when they
 * come, and wait at the target, in the connection, until it asks for them. A message of the protocol is one row, which is held as a whole.
 */
import type pg from 'pg';
import { VerificationError } from '../../config/errors.ts';
import type { CopySession, Passed, TablePass } from '../../ports/part-copy.ts';
import { endsOf, watchFor } from './pass.ts';

/** Several tables, and their ends. */
export interface PassingSeveral {
  readonly from: CopySession;
  readonly to: CopySession;
  readonly tables: readonly TablePass[];
  /** Milliseconds without a byte at either end, after which both are given up. */
  readonly stallMs: number;
  onBytes?(bytes: number): void;
}

type Connection = pg.Client['connection'];

/** What the driver tells of statements that were sent in one text. */
class Statements {
  readonly #text: string;
  readonly #told: { onRow?(chunk: Buffer): void; onEnd?(): void };
  readonly #ended = Promise.withResolvers<void>();
  /** Rows of each COPY, as the server counted them. */
  readonly rows: number[] = [];

  constructor(text: string, told: { onRow?(chunk: Buffer): void; onEnd?(): void } = {}) {
    this.#text = text;
    this.#told = told;
  }

  /** Rejects with what the server, or the driver, said. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(): void {}

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.#told.onRow?.(chunk);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const [, count] = /^COPY (\d+)/.exec(text) ?? [];
    if (count === undefined) return;
    this.rows.push(Number(count));
    this.#told.onEnd?.();
  }

  handleReadyForQuery(): void {
    this.#ended.resolve();
  }

  handleError(error: unknown): void {
    this.#ended.reject(error);
  }
}

const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);
const LENGTH_BYTES = 4;

/** Copied, since the driver reads on into the same memory. */
function dataOf(chunk: Buffer): Buffer {
  const message = Buffer.allocUnsafe(1 + LENGTH_BYTES + chunk.length);
  message[0] = COPY_DATA;
  message.writeUInt32BE(chunk.length + LENGTH_BYTES, 1);
  chunk.copy(message, 1 + LENGTH_BYTES);
  return message;
}

const textOf = (statements: readonly string[]): string => statements.join(';\n');

/**
 * Neither end is waited for after an error: both sessions are dropped, which the servers notice, and take back what was begun.
 * @throws the first error of either end, with the other end silent
 */
export async function passSeveral({ from, to, tables, stallMs, onBytes }: PassingSeveral): Promise<Passed> {
  const { source, target, failed, giveUp } = endsOf(from, to);
  const { stream: reading } = source.client.connection;
  const { stream: writing } = target.client.connection;
  let bytes = 0;
  const send = (message: Buffer): void => {
    if (writing.write(message) || reading.isPaused()) return;
    reading.pause();
    writing.once('drain', () => reading.resume());
  };
  const output = new Statements(textOf(tables.map(({ copyOut }) => copyOut)), {
    onRow(chunk) {
      bytes += chunk.length;
      send(dataOf(chunk));
    },
    onEnd: () => send(COPY_DONE),
  });
  const input = new Statements(textOf(tables.map(({ copyIn }) => copyIn)));
  const ends = [
    output.ended.catch((error: unknown) => giveUp(source.translate(error))),
    input.ended.catch((error: unknown) => giveUp(target.translate(error))),
  ];
  target.client.query(input);
  source.client.query(output);
  const watch = watchFor({
    stallMs,
    state: () => [bytes, output.rows.length, input.rows.length, writing.writableLength],
    bytes: () => bytes,
    stalled: () => giveUp((input.rows.length < output.rows.length ? target : source).silent(Math.round(stallMs / 1_000))),
    onBytes,
  });
  try {
    await Promise.race([Promise.all(ends), failed]);
  } finally {
    clearInterval(watch);
  }
  if (output.rows.length !== tables.length || output.rows.join() !== input.rows.join()) {
    giveUp(
      new VerificationError(
        `The source sent ${output.rows.join(', ')} rows of the tables of a part and the target counted ${input.rows.join(', ')}. The part was not committed, and is ` +
          'tried again.',
      ),
    );
    return failed;
  }
  return { bytes, rows: input.rows.reduce((sum, rows) => sum + rows, 0) };
}
