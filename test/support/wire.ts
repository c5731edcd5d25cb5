/** What is asked over a connection, for a proxy in the middle that has to know which statement it is and when its answer is complete. */
import { type Message, statementIn } from '../../rehearsal/servers/front/wire.ts';

/** A statement that was asked over one connection. */
export interface Exchange {
  /** The `application_name` under which the client introduced itself. */
  readonly application: string;
  readonly text: string;
  /** Whether the server has carried it out and said so. */
  answered: boolean;
}

/** What one client and the server say to each other. */
export class Conversation {
  #application = '';
  /** Asked since the last message that the server answers with ReadyForQuery. */
  #asked: Exchange[] = [];
  /** What each outstanding ReadyForQuery will answer; the first one is that of the login. */
  readonly #outstanding: Exchange[][] = [[]];
  #failed = false;

  /** @returns the statement that this message of the client brings */
  fromClient(message: Message): Exchange | undefined {
    const { type, bytes } = message;
    if (type === '') this.#application = /application_name\0([^\0]*)/.exec(bytes.toString('utf8'))?.[1] ?? '';
    const text = statementIn(message);
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
