/** The application as a whole: its writers, started and stopped together. */
import { randomBytes } from 'node:crypto';
import { Journal } from './journal.ts';
import type { Subject } from './subject.ts';
import { type ApplicationSecret, write } from './writer.ts';

export interface WorkloadOptions {
  readonly secret: ApplicationSecret;
  readonly subjects: readonly Subject[];
  readonly writers: number;
  /** Transactions a second, of all writers together. */
  readonly rate: number;
}

export interface Workload {
  readonly journal: Journal;
  /** Resolves when every writer knows of its last write whether it was committed. Safe to call twice. */
  stop(): Promise<void>;
  /** Stops without finding out, because the servers are going away. */
  abandon(): void;
}

export function startWorkload({ secret, subjects, writers, rate }: WorkloadOptions): Workload {
  const journal = new Journal();
  let stopped = false;
  let abandoned = false;
  const run = randomBytes(4).toString('hex');
  const everyMs = (writers * 1000) / rate;
  const running = Array.from({ length: writers }, (_, index) =>
    write(
      { name: `${run}-${index + 1}`, secret, subjects, journal, everyMs, isStopped: () => stopped, isAbandoned: () => abandoned },
      index + 1,
    ),
  );
  return {
    journal,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
    abandon() {
      stopped = true;
      abandoned = true;
    },
  };
}
