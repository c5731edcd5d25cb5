/**
 * The lease of a switch: an advisory lock on either side, held by the session through which everything there is changed. Whoever lost a
 * session (a server that restarted, a function that others have given up) has lost the right with it, and can change nothing any more:
 * a function goes on after its execution was aborted, and must not take apart what others have made since.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../config/errors.ts';
import type { Database, Session } from '../ports/database.ts';
import { BEGIN, COMMIT, endHolders, lock, ROLLBACK, setLockTimeout } from '../postgres/sessions.sql.ts';
import type { Parties } from '../replication/streams.ts';

const NAME = 'switch';
/** Outside of the fence nobody is kept waiting for a lock of ours, nor we for theirs. */
const LOCK_TIMEOUT_MS = 5_000;

/** A session that was ended lets go of its lock within milliseconds. */
const TRIES = 100;
const PAUSE_MS = 20;

/** Takes the lock for as long as the session lives. @param how `take` ends the session that has it */
async function lockFor(session: Session, how: 'ask' | 'take'): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    const [found] = await session.query(lock(NAME));
    if (found?.taken) return true;
    if (how === 'ask' || tries === TRIES) return false;
    await session.query(endHolders(NAME));
    await sleep(PAUSE_MS);
  }
}

/** @throws TransientError where another visit holds the lease */
export async function lease(session: Session, how: 'ask' | 'take'): Promise<void> {
  if (!(await lockFor(session, how))) throw new TransientError('Another visit is switching, so nothing was touched. It is tried again.');
  await session.query(setLockTimeout(LOCK_TIMEOUT_MS));
}

/** Inside the fence the deadline is what counts, and some waits are longer. */
export const waitForLocks = async (session: Session): Promise<void> => {
  await session.query(setLockTimeout(0));
};

/** The same database, changed through one session only. */
export const through = (session: Session, database: Database): Database => ({
  endpoint: database.endpoint,
  version: () => database.version(),
  snapshot: (look) => database.snapshot(look),
  session: (tag) => database.session(tag),
  query: (statement) => session.query(statement),
  async transaction(work) {
    await session.script(BEGIN);
    try {
      const result = await work(session);
      await session.script(COMMIT);
      return result;
    } catch (error) {
      await session.script(ROLLBACK).catch(() => {}); // it is lost, and so is the transaction
      throw error;
    }
  },
});

/** Settles something under the lease, which is taken from those whose executions are over. */
export async function underLease<P extends Parties, Result>(one: P, work: (held: P) => Promise<Result>): Promise<Result> {
  const sessions: Session[] = [];
  const open = async (side: Database): Promise<Session> => {
    const session = await side.session('lease');
    sessions.push(session);
    await lease(session, 'take');
    return session;
  };
  try {
    const [from, to] = [await open(one.from), await open(one.to)];
    return await work({ ...one, from: through(from, one.from), to: through(to, one.to) });
  } finally {
    await Promise.all(sessions.map((session) => session.end()));
  }
}
