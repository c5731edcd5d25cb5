/**
 * Locks in the way of a gate. Any session of the server, in whatever database, can hold the row of ours in pg_database: `grant connect on
 * database … to …` takes it even where it grants nothing, and keeps it until its transaction ends. Raising a fence may give up then; lifting
 * one and opening a side may not, because the application waits for them: whoever is in their way is ended.
 */
import { SwitchFailed } from '../config/errors.ts';
import type { Database } from '../ports/database.ts';
import { endLockHolders, lockHolders } from '../postgres/lock-holders.sql.ts';

/** Nobody is ended, or a connection made, for a lock that is let go of within this. */
const LOOK_AFTER_MS = 100;

const within = async (work: Promise<unknown>, milliseconds: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Carries out work of ours on a side, and ends those who hold a lock in its way until it is done. */
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

/** @throws SwitchFailed in place of what failed, naming those who held a lock in its way */
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
