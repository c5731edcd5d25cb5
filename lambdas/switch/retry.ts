/** Trying again while a server restarts: the application waits for what comes next, so nobody should have to press a button first. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../config/errors.ts';
import { RETRY_RESERVE_MS } from '../engine/reserves.ts';

/** A restart takes seconds; what takes longer is left to `LiftFence`, which waits for minutes. */
const RETRY_FOR_MS = 20_000;
const PAUSE_MS = 200;

/** Repeats `work`, which may be repeated, as long as its failure may pass by itself and there is time. */
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
