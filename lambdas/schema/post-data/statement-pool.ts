/** Sessions that carry out listed statements, until all are through or it is time to leave. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StatementFailed, TransientError } from '../../config/errors.ts';
import type { Database, Session } from '../../ports/database.ts';
import { dumpSettings } from '../dump/dump-session.sql.ts';
import type { BuilderSettings } from './memory.ts';
import { type Batch, inEachOthersWay } from './order.ts';
import { type Builder, carryOut, markFinished, markStarted, setBuildSettings, textOf, type Work } from './post-data.sql.ts';

export interface StatementPoolOptions {
  readonly target: Pick<Database, 'session'>;
  readonly step: Builder;
  /** As attempts are counted. */
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
  readonly #started = new Map<number, { readonly work: Work; readonly ended: Promise<void> }>();
  /** Why a session could not be opened; undefined where all could. */
  #failure: unknown;
  #gone = false;

  constructor(options: StatementPoolOptions) {
    this.#options = options;
    this.#stopping = options.stopping.then(() => LEAVE);
  }

  /** Ordinals of what has been started and has not ended. */
  get underWay(): ReadonlySet<number> {
    return new Set(this.#started.keys());
  }

  /**
   * Takes the statements of one batch, each once. What becomes of them is in the list, not in what this returns.
   * @returns whether it had to leave; the servers go on with what was started
   * @throws TransientError where no session could be opened; the servers go on all the same
   */
  async take({ queue, running, sessions }: Batch): Promise<'through' | 'left'> {
    let waiting = queue;
    for (;;) {
      const started = this.start({ queue: waiting, running, sessions });
      waiting = waiting.filter((work) => !started.includes(work));
      if (this.#started.size === 0) return 'through';
      if ((await this.next()) === 'left') return 'left';
    }
  }

  /**
   * Starts as many statements of a batch as there are sessions free, in its order; those that would wait for others are passed over.
   * @returns what was started
   */
  start({ queue, running, sessions }: Batch): readonly Work[] {
    const begun: Work[] = [];
    for (const work of queue) {
      if (this.#started.size >= sessions) break;
      const others = [...[...this.#started.values()].map((one) => one.work), ...running];
      if (others.some((other) => inEachOthersWay(work, other))) continue;
      begun.push(work);
      const ended = this.#carryOut(work)
        .catch((error: unknown) => {
          this.#failure ??= error;
        })
        .finally(() => this.#started.delete(work.ordinal));
      this.#started.set(work.ordinal, { work, ended });
    }
    return begun;
  }

  /**
   * Until one of the statements under way has ended, or some time has passed.
   * @param mostMs @default - however long it takes
   * @returns `left` when it is time to leave
   * @throws TransientError where no session could be opened
   */
  async next(mostMs?: number): Promise<'on' | 'left'> {
    const pausing = new AbortController();
    const pause = mostMs === undefined ? [] : [sleep(mostMs, undefined, { signal: pausing.signal }).catch(() => {})];
    const first = await Promise.race([...[...this.#started.values()].map(({ ended }) => ended), ...pause, this.#stopping]);
    pausing.abort();
    if (this.#failure !== undefined) throw this.#failure;
    return first === LEAVE ? 'left' : 'on';
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
