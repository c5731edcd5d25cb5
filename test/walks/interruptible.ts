/** Ports between whose calls something may happen: an answer is lost, or the function stands still while others go on. */
import { TransientError } from '../../lambdas/config/errors.ts';
import type { Database, Reader, Session } from '../../lambdas/ports/database.ts';

/** What strikes a function at one of its calls, counted from 0. */
export interface Strike {
  readonly at: number;
  /** Before the call was made, or after it took effect. */
  readonly when: 'before' | 'after';
  /** `fails`: the connection is lost. `stands`: it goes on when it is told to, if ever. */
  readonly how: 'fails' | 'stands';
}

/** One invocation of a function, in which one call may be struck. */
export class Invocation {
  readonly #strike: Strike | undefined;
  #calls = 0;
  #stand: (() => void) | undefined;
  #standing: (() => void) | undefined;
  /** Resolves when the function stands still. */
  readonly stands: Promise<'stands'>;

  constructor(strike: Strike | undefined) {
    this.#strike = strike;
    this.stands = new Promise((resolve) => {
      this.#standing = () => resolve('stands');
    });
  }

  get calls(): number {
    return this.#calls;
  }

  /** Lets a function go on that stands still. */
  resume(): void {
    this.#stand?.();
  }

  /** @param holdsLocks then no invocation is suspended: others would wait for what is held, which is a matter of `test/faults` */
  async call<Result>(work: () => Promise<Result>, lose: () => void = () => {}, holdsLocks = false): Promise<Result> {
    const strike = this.#strike?.at === this.#calls ? this.#strike : undefined;
    const struck = strike && holdsLocks ? { ...strike, how: 'fails' as const } : strike;
    this.#calls += 1;
    if (struck?.when === 'before') await this.#suffer(struck, lose);
    const result = await work();
    if (struck?.when === 'after') await this.#suffer(struck, lose);
    return result;
  }

  async #suffer({ how }: Strike, lose: () => void): Promise<void> {
    if (how === 'fails') {
      lose();
      throw new TransientError('The connection was lost.');
    }
    const going = new Promise<void>((resolve) => {
      this.#stand = resolve;
    });
    this.#standing?.();
    await going;
  }
}

export const interruptibleReader = (reader: Reader, invocation: Invocation): Reader => ({
  endpoint: reader.endpoint,
  version: () => reader.version(),
  query: (statement) => invocation.call(() => reader.query(statement)),
  snapshot: (look) => invocation.call(() => reader.snapshot(look)),
});

/** A transaction is one call: what is lost inside of it has not happened. */
export const interruptible = (database: Database, invocation: Invocation): Database => ({
  ...interruptibleReader(database, invocation),
  transaction: (work) => invocation.call(() => database.transaction(work)),
  session: async (tag) => interruptibleSession(await invocation.call(() => database.session(tag)), invocation),
});

function interruptibleSession(session: Session, invocation: Invocation): Session {
  let lost = false;
  let inTransaction = false;
  const lose = () => {
    lost = true;
    session.leave();
  };
  const demand = () => {
    if (lost) throw new TransientError('The connection was lost.');
  };
  return {
    async query(statement) {
      demand();
      return invocation.call(() => session.query(statement), lose, inTransaction);
    },
    /** Armed and not waited for, before anything is at stake, or the borders of a transaction. */
    async script(text) {
      demand();
      if (text === 'begin') inTransaction = true;
      if (text !== 'commit') return session.script(text);
      inTransaction = false;
      return invocation.call(() => session.script(text), lose, true);
    },
    end: async () => (lost ? undefined : session.end()),
    leave: () => session.leave(),
  };
}
