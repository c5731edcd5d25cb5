/**
 * PostgreSQL's protocol, as far as somebody in the middle has to understand it to know which statement is asked and when its answer is
 * complete. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** A message as it goes over the wire. The first one of a client, which says who it is, has no type. */
export interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Asks a server for TLS; it answers with one letter, `S` where it is willing. */
export const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Cuts what arrives in pieces of any size into whole messages. */
export class Framer {
  #rest: Buffer = Buffer.alloc(0);
  #typed: boolean;

  constructor(from: 'client' | 'server') {
    this.#typed = from === 'server';
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

/** A statement that was asked over one connection. */
export interface Exchange {
  /** The `application_name` under which the client introduced itself. */
  readonly application: string;
  readonly text: string;
  /** Whether the server has carried it out and said so. */
  answered: boolean;
}

const textUntilNul = (bytes: Buffer, from: number): string => bytes.toString('utf8', from, bytes.indexOf(0, from));

/** What one client and the server say to each other. */
export class Conversation {
  #application = '';
  /** Asked since the last message that the server answers with ReadyForQuery. */
  #asked: Exchange[] = [];
  /** What each outstanding ReadyForQuery will answer; the first one is that of the login. */
  readonly #outstanding: Exchange[][] = [[]];
  #failed = false;

  /** @returns the statement that this message of the client brings */
  fromClient({ type, bytes }: Message): Exchange | undefined {
    if (type === '') this.#application = /application_name\0([^\0]*)/.exec(bytes.toString('utf8'))?.[1] ?? '';
    const text = type === 'Q' ? textUntilNul(bytes, 5) : type === 'P' ? textUntilNul(bytes, bytes.indexOf(0, 5) + 1) : undefined;
    const exchange = text === undefined ? undefined : { application: this.#application, text, answered: false };
    if (exchange) this.#asked.push(exchange);
    if (type === 'Q' || type === 'S') this.#outstanding.push(this.#asked.splice(0));
    return exchange;
  }

  /** @returns the statements that have been carried out, when this message of the server says that it is ready for the next ones */
  fromServer({ type }: Message): readonly Exchange[] {
    if (type === 'E') this.#failed = true;
    if (type !== 'Z') return [];
    const answered = this.#outstanding.shift() ?? [];
    const failed = this.#failed;
    this.#failed = false;
    if (failed) return [];
    for (const exchange of answered) exchange.answered = true;
    return answered;
  }
}
