/** Sessions that carry out listed statements, until all are through or it is time to leave. */
import { StatementFailed, TransientError } from '../../config/errors.ts';
import type { Database, Session } from '../../ports/database.ts';
import { dumpSettings } from '../dump/dump-session.sql.ts';
import type { BuilderSettings } from './memory.ts';
import { type Batch, inEachOthersWay } from './order.ts';
import { carryOut, markFinished, markStarted, setBuildSettings, textOf, type Work } from './post-data.sql.ts';

export interface StatementPoolOptions {
  readonly target: Pick<Database, 'session'>;
  readonly step: string;
  readonly execution: string;
  readonly settings: BuilderSettings;
  /** Carries out what is due of owners and grants. */
  readonly setAccess: () => Promise<void>;
  /** Resolves when it is time to leave. */
  readonly stopping: Promise<unknown>;
}

const LEAVE = Symbol('leave');

/**
 * Kinds that do not run inside of what keeps the outcome of all others: what a server refuses to run inside a transaction or a function, and what is
 * decided by a look at the target.
 */
const RUNS_BY_ITSELF = new Set<Work['kind']>(['vacuum', 'access', 'late access']);

/** It goes on when we disconnect, like everything else, but then the next visit has to run it once more to know that it came to its end. */
async function runByItself(session: Session, { ordinal, kind }: Work, setAccess: () => Promise<void>): Promise<void> {
  const [left] = await session.query(textOf(ordinal));
  if (!left) return;
  await (kind === 'vacuum' ? session.script(left.text) : setAccess());
  await session.query(markFinished(ordinal));
}

export class StatementPool {
  readonly #options: StatementPoolOptions;
  readonly #stopping: Promise<typeof LEAVE>;
  readonly #idle: Session[] = [];
  readonly #busy = new Set<Session>();
  #gone = false;

  constructor(options: StatementPoolOptions) {
    this.#options = options;
    this.#stopping = options.stopping.then(() => LEAVE);
  }

  /**
   * Takes the statements of one batch, each once. What becomes of them is in the list, not in what this returns.
   * @returns whether it had to leave; the servers go on with what was started
   * @throws TransientError where no session could be opened; the servers go on all the same
   */
  async take({ queue, running, sessions }: Batch): Promise<'through' | 'left'> {
    const waiting = [...queue];
    const started = new Map<Work, Promise<unknown>>();
    try {
      for (;;) {
        while (started.size < sessions) {
          const at = waiting.findIndex((work) => ![...started.keys(), ...running].some((other) => inEachOthersWay(work, other)));
          const [work] = at < 0 ? [] : waiting.splice(at, 1);
          if (!work) break;
          started.set(
            work,
            this.#carryOut(work).finally(() => started.delete(work)),
          );
        }
        if (started.size === 0) return 'through';
        if ((await Promise.race([...started.values(), this.#stopping])) === LEAVE) return 'left';
      }
    } finally {
      for (const promise of started.values()) promise.catch(() => {}); // cut off when the pool is dismissed
    }
  }

  /** Ends the sessions, and disconnects where a statement is under way. */
  async dismiss(): Promise<void> {
    this.#gone = true;
    for (const session of this.#busy) session.leave();
    await Promise.all(this.#idle.splice(0).map((session) => session.end()));
  }

  async #carryOut(work: Work): Promise<void> {
    const { step, execution } = this.#options;
    const session = this.#idle.pop() ?? (await this.#open(work));
    if (this.#gone) return session.leave();
    this.#busy.add(session);
    try {
      await session.query(markStarted(step, work, execution));
      await (RUNS_BY_ITSELF.has(work.kind) ? runByItself(session, work, this.#options.setAccess) : session.script(carryOut(work.ordinal)));
      this.#idle.push(session);
    } catch (error) {
      // Cancelled by another session, or cut off: the list says that it was started and not how it ended, so it is tried again.
      if (!(error instanceof StatementFailed || error instanceof TransientError)) throw error;
      session.leave();
    } finally {
      this.#busy.delete(session);
    }
  }

  async #open(work: Work): Promise<Session> {
    const session = await this.#options.target.session(String(work.ordinal));
    try {
      await session.script(dumpSettings('session'));
      await session.query(setBuildSettings(this.#options.settings.bytes, this.#options.settings.parallelWorkers));
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }
}
