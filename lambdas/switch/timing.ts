/** The time of a switch: what it took, what its fence may take, and for how long something is tried again while a server restarts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import { RETRY_RESERVE_MS } from '../engine/reserves.ts';
import type { Session } from '../ports/database.ts';

const LATE = 'It was not done within the time that the fence may take: see what held it up, or allow more with fenceSeconds.';

/** The time that a fence may take. A statement that does not come back within it, because the network is gone, is left to itself. */
export class Deadline {
  readonly #at: number;
  constructor(milliseconds: number) {
    this.#at = performance.now() + milliseconds;
  }

  get remainingMs(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** @throws TransientError where `work` is not done in time; its end is not waited for then */
  async guard<Result>(work: Promise<Result>): Promise<Result> {
    if (await within(work, this.remainingMs)) return work;
    throw new TransientError(LATE);
  }
}

/** Whether `work` ends in that time, be it by a failure. One that comes later reaches nothing. */
export async function within(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
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
}

export interface RoundTrips {
  readonly source: number;
  readonly target: number;
  /** Those that had to follow one another; what goes on at both sides at a time counts once. */
  readonly inSequence: number;
}

export interface Part {
  readonly name: string;
  readonly ms: number;
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

/** Parts of a switch in milliseconds, and its round trips, which on a real network are the downtime. */
export class Timings {
  readonly #trips: Record<SideName, number> = { source: 0, target: 0 };
  readonly #parts: Part[] = [];
  #depth = 0;
  readonly #began = performance.now();

  /** The same session, with its round trips counted. */
  counted(session: Session, side: SideName): Session {
    const trip = async <Result>(work: Promise<Result>): Promise<Result> => {
      this.#trips[side] += 1;
      const depth = this.#depth + 1;
      const result = await work;
      this.#depth = Math.max(this.#depth, depth);
      return result;
    };
    return {
      query: (statement) => trip(session.query(statement)),
      script: (text) => trip(session.script(text)),
      end: () => session.end(),
      leave: () => session.leave(),
    };
  }

  async part<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const began = performance.now();
    const result = await work();
    this.#parts.push({ name, ms: round(performance.now() - began) });
    return result;
  }

  get parts(): readonly Part[] {
    return this.#parts;
  }

  get roundTrips(): RoundTrips {
    return { ...this.#trips, inSequence: this.#depth };
  }

  /** Milliseconds since the timings were begun, which is when the fence began. */
  get elapsedMs(): number {
    return round(performance.now() - this.#began);
  }
}

/** A restart takes seconds; what takes longer is left to `LiftFence`, which waits for minutes. */
const RETRY_FOR_MS = 20_000;
const PAUSE_MS = 200;

/**
 * Repeats `work`, which may be repeated, as long as its failure may pass by itself and there is time: the application waits for what comes
 * next, so it should not take an operator to go on.
 */
export async function retryTransient<Result>({ remainingMs }: { remainingMs(): number }, work: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + Math.min(RETRY_FOR_MS, remainingMs() - RETRY_RESERVE_MS);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || performance.now() > until) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
