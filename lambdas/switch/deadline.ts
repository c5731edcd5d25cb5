/** The time that a fence may take. A statement that does not come back within it, because the network is gone, is left to itself. */
import { TransientError } from '../config/errors.ts';

const LATE = 'It was not done within the time that the fence may take: see what held it up, or allow more with fenceSeconds.';

export class Deadline {
  readonly #at: number;
  constructor(milliseconds: number) {
    this.#at = performance.now() + milliseconds;
  }

  get remainingMs(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** @throws TransientError where `work` is not done in time; nobody waits for its end then */
  async guard<Result>(work: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TransientError(LATE)), this.remainingMs);
    });
    work.catch(() => {}); // where it is late, nobody else hears of its failure
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
