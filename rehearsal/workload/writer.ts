/** One session of the application. */
import type { ApplicationSecret } from '../application/secret.ts';
import { Connection } from './connection.ts';
import type { Journal } from './journal.ts';
import { refusalOf } from './refusals.ts';
import { changing, creating, removing, type Subject, type Thing, TOKEN_PREFIX, type Write } from './subject.ts';
import { commit, hasHappened } from './transaction.ts';

export interface WriterOptions {
  /** Unlike that of any other writer, of this run or of another. */
  readonly name: string;
  readonly secret: ApplicationSecret;
  readonly subjects: readonly Subject[];
  readonly journal: Journal;
  /** Milliseconds from one write to the next, where the server is fast enough. */
  readonly everyMs: number;
  /** Milliseconds before a write is tried again. */
  readonly retryAfterMs: number;
  readonly isStopped: () => boolean;
  /** Whether even a write in doubt is to be left as it is, because the servers are going away. */
  readonly isAbandoned: () => boolean;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Numbers that look random and are the same at every run (Numerical Recipes' linear congruential generator). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * 1_000_000);
  };
}

/** Of a hundred writes, so many make something new and so many remove something; the rest change something. */
const CREATES = 55;
const REMOVALS = 12;

/** Writes until it is stopped, and leaves no write of which it does not know whether it was committed. */
export async function write(options: WriterOptions, seed: number): Promise<void> {
  const { subjects, isStopped } = options;
  const roll = dice(seed);
  const things: Thing[] = [];
  const connection = new Connection(options.secret);
  let due = performance.now();
  for (let number = 1; !isStopped(); number += 1) {
    const now = performance.now();
    due = Math.max(due + options.everyMs, now);
    await pause(due - now);
    const index = roll() % (things.length || 1);
    const thing = things[index];
    const kind = roll() % 100;
    const subject = subjects[number % subjects.length] as Subject;
    let next: Write;
    if (!thing || kind < CREATES) next = creating(subject, `${TOKEN_PREFIX}${options.name}-${number}`, roll());
    else if (kind < CREATES + REMOVALS) next = removing(thing);
    else next = changing(thing, roll());
    if (!(await carryOut(next, connection, options))) break;
    if (next.after?.version === 0) things.push(next.after);
    else if (next.after) things[index] = next.after;
    else things.splice(index, 1);
  }
  await connection.close();
}

/**
 * Tries until the write is committed. An attempt whose acknowledgement was lost is looked up rather than guessed.
 * @returns false where the writer was stopped and the write is known not to have happened, or was abandoned
 */
async function carryOut(
  next: Write,
  connection: Connection,
  { journal, retryAfterMs, isStopped, isAbandoned }: WriterOptions,
): Promise<boolean> {
  let uncertain = false;
  while (!isAbandoned()) {
    try {
      const { client, place } = await connection.get();
      if (uncertain && (await hasHappened(client, next))) {
        journal.acknowledge(next.changes);
        return true;
      }
      uncertain = false;
      if (isStopped()) return false;
      uncertain = true;
      await commit(client, next);
      journal.acknowledge(next.changes, place);
      return true;
    } catch (error) {
      journal.reject(refusalOf(error));
      await connection.close();
      await pause(retryAfterMs);
    }
  }
  return false;
}
