/** Statements that a managed target may refuse, each tried by itself in a transaction that goes on, and what was refused. */
import { StatementFailed } from '../config/errors.ts';
import type { Session, Statement } from '../ports/database.ts';
import { withCode } from '../postgres/server-words.ts';
import { endsEverything } from '../schema/dump/staying.ts';
import { beginAttempt, keepAttempt, undoAttempt } from './attempts.sql.ts';

/** Characters of a server's message beside each of many objects. */
const LONGEST_WORDS = 160;

export class Attempts {
  readonly #session: Pick<Session, 'query' | 'script'>;
  readonly #refused = new Map<string, string>();

  constructor(session: Pick<Session, 'query' | 'script'>) {
    this.#session = session;
  }

  /** Such as `owner of view shop.totals (permission denied for schema shop (42501))`. */
  get refused(): string[] {
    return [...this.#refused].map(([what, why]) => `${what} (${why})`);
  }

  /** Something that is known beforehand not to follow. */
  leave(what: string, why: string): void {
    this.#refused.set(what, why);
  }

  /** Whether something of this name was refused. */
  has(what: string): boolean {
    return this.#refused.has(what);
  }

  /** What others have refused. */
  take(others: Attempts): void {
    for (const [what, why] of others.#refused) this.#refused.set(what, why);
  }

  /** Runs all of it or nothing. @returns the refusal; undefined where all went well */
  async run(work: string | readonly Statement[]): Promise<StatementFailed | undefined> {
    await this.#session.query(beginAttempt());
    try {
      if (typeof work === 'string') await this.#session.script(work);
      else for (const one of work) await this.#session.query(one);
      await this.#session.query(keepAttempt());
      return undefined;
    } catch (error) {
      if (!(error instanceof StatementFailed) || endsEverything(error.complaint.code)) throw error;
      await this.#session.query(undoAttempt());
      await this.#session.query(keepAttempt());
      return error;
    }
  }

  /** @param what name under which a refusal is kept @returns whether it went well */
  async try(what: string, work: string | readonly Statement[]): Promise<boolean> {
    const error = await this.run(work);
    if (error) this.leave(what, withCode(error.message, error.complaint.code).slice(0, LONGEST_WORDS));
    return error === undefined;
  }

  /** All together, and one by one where that is refused. A batch is one round trip or two, whatever its size. */
  async tryAll(all: readonly Attempt[]): Promise<void> {
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const some = all.slice(from, from + AT_ONCE);
      if (!(await this.run(some.map(({ text }) => text).join(';\n')))) continue;
      for (const { text, parts } of some) {
        if (parts.length > 1 && !(await this.run(text))) continue;
        for (const part of parts) await this.#tryPart(part);
      }
    }
  }

  async #tryPart({ what, texts }: AttemptPart): Promise<void> {
    for (const text of texts.slice(0, -1)) if (!(await this.run(text))) return;
    await this.try(what, texts.at(-1) ?? '');
  }
}

/** One statement for several objects. */
export interface Attempt {
  readonly text: string;
  readonly parts: readonly AttemptPart[];
}

/** The same for one of them. */
export interface AttemptPart {
  /** Name under which a refusal is kept. */
  readonly what: string;
  /** Ways to do it, the best one first. */
  readonly texts: readonly string[];
}

const AT_ONCE = 200;
