/** The application as a whole: its writers, started and stopped together. */
import { randomBytes } from 'node:crypto';
import type { ApplicationSecret } from '../application/secret.ts';
import { Journal } from './journal.ts';
import { type PinnedSessions, startPinnedSessions } from './pinned-sessions.ts';
import type { Subject } from './subject.ts';
import { write } from './writer.ts';

export interface WorkloadOptions {
  readonly secret: ApplicationSecret;
  readonly subjects: readonly Subject[];
  readonly writers: number;
  /** Transactions a second, of all writers together. */
  readonly rate: number;
  /** Pause before a write is tried again. @default 5 - short enough not to be measured as downtime */
  readonly retryAfterMs?: number | undefined;
}

export interface Workload {
  readonly journal: Journal;
  /** Pinned sessions, which a switch has to end: started before each. Resolves when they are at work. */
  startPinnedSessions(): Promise<PinnedSessions>;
  /**
   * Waits until the database at this place has acknowledged so many more writes than by now; not at all where there are no writers.
   * @returns false where it has not within two minutes
   */
  untilWritten(place: string, writes: number, signal?: AbortSignal): Promise<boolean>;
  /** Resolves when every writer knows of its last write whether it was committed. Safe to call twice. */
  stop(): Promise<void>;
  /** Stops without finding out, because the servers are going away. */
  abandon(): void;
}

const noPinnedSessions: PinnedSessions = { leftConnected: async () => [], stop: async () => {}, abandon: () => {} };

/** Real applications wait longer before they try again, and a switch is over before they notice. Here the pause would be measured. */
const RETRY_AFTER_MS = 5;
const LOOK_AGAIN_MS = 10;
const TIMEOUT_MS = 120_000;

export function startWorkload({ secret, subjects, writers, rate, retryAfterMs = RETRY_AFTER_MS }: WorkloadOptions): Workload {
  const journal = new Journal();
  let stopped = false;
  let abandoned = false;
  const run = randomBytes(4).toString('hex');
  const everyMs = (writers * 1000) / rate;
  const running = Array.from({ length: writers }, (_, index) =>
    write(
      {
        name: `${run}-${index + 1}`,
        secret,
        subjects,
        journal,
        everyMs,
        retryAfterMs,
        isStopped: () => stopped,
        isAbandoned: () => abandoned,
      },
      index + 1,
    ),
  );
  const writtenAt = (place: string): number => journal.acknowledgements.filter((one) => one.place === place).length;
  let groups = 0;
  return {
    journal,
    async startPinnedSessions() {
      groups += 1;
      return writers > 0 ? startPinnedSessions({ name: `${run}-pinned-${groups}`, secret, subjects, journal }) : noPinnedSessions;
    },
    async untilWritten(place, writes, signal) {
      const enough = writers > 0 ? writtenAt(place) + writes : 0;
      for (const deadline = performance.now() + TIMEOUT_MS; writtenAt(place) < enough; ) {
        signal?.throwIfAborted();
        if (performance.now() > deadline) return false;
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
      return true;
    },
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
