/**
 * The thread in which pg_dump runs. The module reads and writes synchronously, so it blocks here while the main thread, which
 * owns the socket, waits for the server. No secret enters this thread: the connection was authenticated before.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { Messages, NO_ENCRYPTION, refusesEncryption, wantsAnswer } from './pg-dump-protocol.ts';

/** Data from the main thread. */
export interface DumpOrder {
  /** Carries the server's answers. Messages of this thread use its own port, which is drained before the thread counts as ended. */
  readonly port: MessagePort;
  /** Counts the answers; the thread sleeps on it. */
  readonly answers: Int32Array<SharedArrayBuffer>;
  /** Messages of the server after the login. */
  readonly greeting: Uint8Array;
  readonly args: readonly string[];
}

/** Messages to the main thread. Every `ask` is answered with the bytes up to the server's next ReadyForQuery. */
export type DumpMessage =
  | { readonly ask: Uint8Array }
  | { readonly part: Uint8Array }
  | { readonly sql: string }
  | { readonly failure: string };

const { port, answers, greeting, args } = workerData as DumpOrder;
const say = (message: DumpMessage) => parentPort?.postMessage(message);

/** Sends whole messages and sleeps until the server has answered. */
function ask(bytes: Uint8Array): Uint8Array {
  const before = Atomics.load(answers, 0);
  say({ ask: bytes });
  // The count and its notice are two acts of the main thread: the notice of the answer before may come only now, and wakes without one.
  while (Atomics.load(answers, 0) === before) Atomics.wait(answers, 0, before);
  return receiveMessageOnPort(port)?.message as Uint8Array;
}

/** libpq flushes long queries in several writes, so its bytes are buffered until a whole message needs an answer. */
class Wire {
  readonly #messages = new Messages('untyped');
  #kept: Uint8Array[] = [];
  #greeted = false;

  write(bytes: Uint8Array): Uint8Array | undefined {
    const whole = this.#messages.push(bytes);
    if (!this.#greeted) return this.#welcome(whole[0]);
    this.#kept.push(bytes);
    const last = whole.at(-1);
    if (this.#messages.unfinished || !last) return undefined;
    const complete = Buffer.concat(this.#kept);
    this.#kept = [];
    if (wantsAnswer(last)) return ask(complete);
    say({ part: complete }); // Terminate is the only message for which libpq does not wait
    return undefined;
  }

  #welcome(first: Buffer | undefined): Uint8Array | undefined {
    if (!first) return undefined;
    if (refusesEncryption(first)) return NO_ENCRYPTION;
    this.#greeted = true;
    return greeting;
  }
}

process.argv[1] = 'pg_dump'; // the program name in the module's error messages
const wire = new Wire();
/** The module takes a PGlite but uses three members of it, two of them for a search_path that does not matter here. */
const server = {
  query: async () => ({ rows: [{ search_path: '' }] }),
  exec: async () => [],
  execProtocolRawStream(bytes: Uint8Array, { onRawData }: { onRawData(answer: Uint8Array): void }) {
    // The bytes are a view of the module's memory, which it reuses.
    const answer = wire.write(Uint8Array.from(bytes));
    if (answer) onRawData(answer);
  },
};

// Not awaited at the top level, which a CommonJS bundle cannot do.
pgDump({ pg: server as unknown as Parameters<typeof pgDump>[0]['pg'], args: [...args] })
  .then((file) => file.text())
  .then(
    (sql) => say({ sql }),
    (error: unknown) => say({ failure: error instanceof Error ? error.message : String(error) }),
  );
