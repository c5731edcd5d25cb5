/**
 * The part of PostgreSQL's wire protocol that a proxy between libpq and a server needs
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */

/** Message types, by the names of the manual. */
const READY_FOR_QUERY = 'Z';
const ERROR_RESPONSE = 'E';
/** Messages after which a client waits for an answer: Query, and Sync at the end of the extended protocol. */
const WANTS_ANSWER = new Set(['Q', 'S']);

const LENGTH_BYTES = 4;

/** Splits a stream of bytes, which arrives in pieces of any size, into whole messages. */
export class Messages {
  #rest: Buffer = Buffer.alloc(0);
  /** Only the first message of a client has no type byte. */
  #typed: boolean;
  constructor(first: 'typed' | 'untyped') {
    this.#typed = first === 'typed';
  }

  /** The messages that `bytes` complete, each with its header. */
  push(bytes: Uint8Array): Buffer[] {
    const all = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const whole: Buffer[] = [];
    let at = 0;
    for (;;) {
      const header = this.#typed ? 1 : 0;
      if (all.length - at < header + LENGTH_BYTES) break;
      const length = header + all.readInt32BE(at + header);
      if (all.length - at < length) break;
      const message = all.subarray(at, at + length);
      whole.push(message);
      at += length;
      if (!this.#typed) this.#typed = !refusesEncryption(message);
    }
    this.#rest = all.subarray(at);
    return whole;
  }

  /** Whether part of a message is still to come. */
  get unfinished(): boolean {
    return this.#rest.length > 0;
  }
}

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;

/** Whether a message is libpq's SSLRequest or GSSENCRequest, which is answered with `N`: the bytes stay inside our own process. */
export const refusesEncryption = (message: Buffer): boolean =>
  message.length === 8 && [SSL_REQUEST, GSS_REQUEST].includes(message.readInt32BE(LENGTH_BYTES));
export const NO_ENCRYPTION = Buffer.from('N');

const typeOf = (message: Buffer): string => String.fromCharCode(message[0] ?? 0);
export const wantsAnswer = (message: Buffer): boolean => WANTS_ANSWER.has(typeOf(message));
export const isReady = (message: Buffer): boolean => typeOf(message) === READY_FOR_QUERY;

/** The fields of an ErrorResponse by their letters; undefined for any other message. */
export function errorFields(message: Buffer): ReadonlyMap<string, string> | undefined {
  if (typeOf(message) !== ERROR_RESPONSE) return undefined;
  const fields = message.subarray(1 + LENGTH_BYTES).toString('utf8');
  return new Map(
    fields
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
}

function message(type: string, ...parts: readonly (number | string)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(`${part}\0`);
      const number = Buffer.alloc(LENGTH_BYTES);
      number.writeInt32BE(part);
      return number;
    }),
  );
  const header = Buffer.alloc(1 + LENGTH_BYTES);
  header.write(type);
  header.writeInt32BE(body.length + LENGTH_BYTES, 1);
  return Buffer.concat([header, body]);
}

/**
 * The messages of a server to a client that has logged in: AuthenticationOk, its settings, BackendKeyData and ReadyForQuery. The key is
 * zero, because pg_dump has no reason to cancel a query.
 */
export function greeting(settings: ReadonlyMap<string, string>): Buffer {
  const idle = Buffer.from([READY_FOR_QUERY.charCodeAt(0), 0, 0, 0, 5, 'I'.charCodeAt(0)]);
  return Buffer.concat([message('R', 0), ...[...settings].map(([name, value]) => message('S', name, value)), message('K', 0, 0), idle]);
}
