/** What a switch took: its parts in milliseconds, and its round trips, which on a real network are the downtime. */
import type { SideName } from '../config/side-name.ts';
import type { Session } from '../ports/database.ts';

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

  /** Milliseconds since the meter was made, which is when the fence began. */
  get elapsedMs(): number {
    return round(performance.now() - this.#began);
  }
}
