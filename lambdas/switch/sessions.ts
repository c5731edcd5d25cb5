/**
 * The sessions of a switch: the lease that they hold, the locks of other sessions in their way, and what they have to be set to.
 *
 * The lease is an advisory lock on either side, held by the session through which everything there is changed. A function that lost its
 * session (a server that restarted, another function that has taken the lease) has lost the right with it, and can change nothing any more:
 * a function goes on after its execution was aborted, and must not take apart what others have made since.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SwitchFailed, TransientError } from '../config/errors.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import { endLockHolders, lockHolders } from '../postgres/lock-holders.sql.ts';
import { type SessionRole, sessionRole } from '../postgres/session-role.sql.ts';
import { BEGIN, COMMIT, endHolders, lock, ROLLBACK, setLockTimeout } from '../postgres/sessions.sql.ts';
import type { Parties } from '../replication/streams.ts';
import { within } from './timing.ts';

const NAME = 'switch';
/** Outside of the fence no session is kept waiting for a lock of ours, nor ours for theirs. */
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

/** Triggers and rules fire as in every other session, and foreign keys are checked. */
const ORDINARY = 'origin';

export const firesTriggers = ({ value }: SessionRole): boolean => value === ORDINARY;

export async function sessionRoleOn(reader: Pick<Reader, 'query'>): Promise<SessionRole> {
  const [found] = await reader.query(sessionRole());
  if (!found) throw new Error('the server does not show session_replication_role');
  return found;
}

/** @throws SwitchFailed before anything is fenced */
export async function demandOrdinarySessions({ from, to }: Readonly<Record<'from' | 'to', Session>>): Promise<void> {
  const found = await Promise.all([from, to].map(sessionRoleOn));
  const wrong = found.find((seen) => !firesTriggers(seen));
  if (!wrong) return;
  throw new SwitchFailed(
    `Our sessions have session_replication_role = ${wrong.value}, which we may not change, so nothing was fenced and the application is not ` +
      `affected. Take the setting away as a superuser, then start again. ${wrong.remedies.join(' ')}`.trim(),
  );
}

/**
 * Locks in the way of a gate. Any session of the server, in whatever database, can hold the row of ours in pg_database: `grant connect on
 * database … to …` takes it even where it grants nothing, and keeps it until its transaction ends. Raising a fence may give up then; lifting
 * one and opening a side may not, because the application waits for them: the sessions in their way are ended. For a lock that is released
 * within this time no session is ended, and no connection made.
 */
const LOOK_AFTER_MS = 100;

/** Carries out work of ours on a side, and ends the sessions that hold a lock in its way until it is done. */
export async function endingLockHolders<Result>(side: Database, work: Promise<Result>): Promise<Result> {
  if (await within(work, LOOK_AFTER_MS)) return work;
  const session = await side.session('locks').catch(() => undefined); // the work goes on, and its own outcome is what counts
  try {
    do await session?.query(endLockHolders()).catch(() => {});
    while (!(await within(work, LOOK_AFTER_MS)));
    return await work;
  } finally {
    session?.leave();
  }
}

/** @throws SwitchFailed in place of what failed, naming the sessions that held a lock in its way */
export async function namingLockHolders<Result>(side: Database, work: Promise<Result>): Promise<Result> {
  if (await within(work, LOOK_AFTER_MS)) return work;
  let holders: readonly string[] = [];
  const session = await side.session('locks').catch(() => undefined);
  try {
    do {
      const found = await session?.query(lockHolders()).catch(() => []);
      if (found && found.length > 0) holders = found.map(({ holder }) => holder);
    } while (!(await within(work, LOOK_AFTER_MS)));
    return await work;
  } catch (error) {
    if (holders.length === 0) throw error;
    throw new SwitchFailed(
      `Locks that the fence needs are held by ${holders.join(', ')}. Have that transaction ended, or end it ` +
        '(select pg_terminate_backend(pid)).',
      { cause: error },
    );
  } finally {
    session?.leave();
  }
}
