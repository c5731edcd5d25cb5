/**
 * PostgreSQL's protocol, as far as a proxy has to understand it.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** A message as it goes over the wire. The first one of a client, which says who it is, has no type. */
export interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts what arrives in pieces of any size into whole messages. */
export class Framer {
  #rest: Buffer = Buffer.alloc(0);
  #typed: boolean;

  /** @param from a client's first message is not like those that follow */
  constructor(from: 'client' | 'server' | 'client that was let in') {
    this.#typed = from !== 'client';
  }

  *push(chunk: Buffer): Generator<Message> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const header = this.#typed ? 1 : 0;
      if (this.#rest.length < header + 4) return;
      const length = header + this.#rest.readInt32BE(header);
      if (this.#rest.length < length) return;
      const bytes = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      yield { type: this.#typed ? String.fromCharCode(bytes[0] ?? 0) : '', bytes };
      this.#typed = true;
    }
  }
}

const int32 = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeInt32BE(number, 4 * index);
  return bytes;
};

/** In place of a version, in the first message. */
const SSL_CODE = 80_877_103;
const GSS_CODE = 80_877_104;
const CANCEL_CODE = 80_877_102;

/** Asks a server for TLS; it answers with one letter, `S` where it is willing. */
export const SSL_REQUEST = int32(8, SSL_CODE);

/** Identity that a client claims. */
export interface Startup {
  readonly kind: 'startup';
  readonly version: number;
  /** By name: user, database, application_name, options and others. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** The first message of a client. */
export type Opening = Startup | { readonly kind: 'tls' | 'gss' | 'cancel' };

export function openingOf({ bytes }: Message): Opening {
  const code = bytes.readInt32BE(4);
  if (code === SSL_CODE) return { kind: 'tls' };
  if (code === GSS_CODE) return { kind: 'gss' };
  if (code === CANCEL_CODE) return { kind: 'cancel' };
  const words = bytes.toString('utf8', 8).split('\0');
  const parameters = new Map<string, string>();
  for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2) parameters.set(words[at] ?? '', words[at + 1] ?? '');
  return { kind: 'startup', version: code, parameters };
}

export function startupMessage(version: number, parameters: ReadonlyMap<string, string>): Buffer {
  const body = Buffer.from(`${[...parameters].map(([name, value]) => `${name}\0${value}\0`).join('')}\0`);
  return Buffer.concat([int32(8 + body.length, version), body]);
}

/** The error that a rejected client receives. */
export interface Refusal {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

export function fatal({ code, message }: Refusal): Buffer {
  const body = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  return Buffer.concat([Buffer.from('E'), int32(4 + body.length), body]);
}

/** A statement that a message brings, as a simple query or to be prepared; undefined where it brings none. */
export function statementIn({ type, bytes }: Message): string | undefined {
  if (type === 'Q') return textUntilNul(bytes, 5);
  return type === 'P' ? textUntilNul(bytes, bytes.indexOf(0, 5) + 1) : undefined;
}

const textUntilNul = (bytes: Buffer, from: number): string => bytes.toString('utf8', from, bytes.indexOf(0, from));

/** The same message with another statement in it. @param message one in which {@link statementIn} finds one */
export function withStatement({ type, bytes }: Message, text: string): Buffer {
  const from = type === 'Q' ? 5 : bytes.indexOf(0, 5) + 1;
  const before = bytes.subarray(5, from);
  const after = bytes.subarray(bytes.indexOf(0, from) + 1);
  const body = Buffer.concat([before, Buffer.from(`${text}\0`), after]);
  return Buffer.concat([Buffer.from(type), int32(4 + body.length), body]);
}

/**
 * The same message with other values in it, those that were bound as text.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html (Bind)
 * @param change is given each value
 * @returns undefined where the message binds nothing, or nothing changes
 */
export function withValues({ type, bytes }: Message, change: (value: string) => string): Buffer | undefined {
  if (type !== 'B') return undefined;
  let at = bytes.indexOf(0, bytes.indexOf(0, 5) + 1) + 1; // behind the names of portal and statement
  at += 2 + 2 * bytes.readInt16BE(at);
  const values = bytes.readInt16BE(at);
  at += 2;
  const parts = [bytes.subarray(5, at)];
  let changed = false;
  for (let index = 0; index < values; index += 1) {
    const length = bytes.readInt32BE(at);
    const before = bytes.subarray(at + 4, at + 4 + Math.max(0, length));
    const after = length < 0 ? before : Buffer.from(change(before.toString('utf8')));
    const isOther = length >= 0 && before.toString('utf8') !== after.toString('utf8');
    changed ||= isOther;
    parts.push(isOther ? int32(after.length) : bytes.subarray(at, at + 4), isOther ? after : before);
    at += 4 + before.length;
  }
  const body = Buffer.concat([...parts, bytes.subarray(at)]);
  return changed ? Buffer.concat([Buffer.from('B'), int32(4 + body.length), body]) : undefined;
}
