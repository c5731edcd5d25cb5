/**
 * History of the watch in memory, for as long as its function stays warm: the schedule calls it each minute, so that is
 * hours. After a cold start it is empty, and the metrics that need it come back after some runs.
 */
import type { StreamName } from '../config/names.ts';
import type { Watch } from '../replication/copy/progress-tracker.ts';

/** One sample of the publisher. */
export interface Look {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Where its WAL ended, and how much of it slots kept. */
  readonly position: number;
  readonly keptBytes: number;
}

const HOUR_MS = 3_600_000;
/** The WAL that a slot keeps varies with checkpoints, which happen every five minutes. */
const SHORTEST_TREND_MS = HOUR_MS / 6;

/** `X/Y` in hexadecimal digits → bytes since the WAL began. Exact up to 8 PiB. */
export function bytesOf(position: string): number {
  const [high = 0, low = 0] = position.split('/').map((half) => Number.parseInt(half, 16));
  return high * 2 ** 32 + low;
}

export class MetricHistory {
  /** Progress of the copy; see `replication/copy/progress-tracker.ts`. */
  copy: Watch | undefined;
  /** Parts that were there, and since when no further one has come. */
  parts: { readonly done: number; readonly movedAt: number } | undefined;
  #stream: StreamName | undefined;
  #looks: Look[] = [];
  #errors: number | undefined;

  /** Resets the history where the stream is another one. */
  turnTo(stream: StreamName | undefined): void {
    if (stream === this.#stream) return;
    this.#stream = stream;
    this.copy = undefined;
    this.parts = undefined;
    this.#looks = [];
    this.#errors = undefined;
  }

  keep(look: Look): void {
    this.#looks = [...this.#looks.filter(({ at }) => at >= look.at - HOUR_MS), look];
  }

  /** Growth of the kept WAL in bytes per hour, from the samples of the last hour; undefined while they span less than ten minutes. */
  growthPerHour(): number | undefined {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (!first || !last || last.at - first.at < SHORTEST_TREND_MS) return undefined;
    return ((last.keptBytes - first.keptBytes) * HOUR_MS) / (last.at - first.at);
  }

  /** Time of the last sample in which the publisher's WAL ended at `position` or before it; where there is none, of the first sample. */
  lastSeenBefore(position: number): number | undefined {
    return (this.#looks.findLast((look) => look.position <= position) ?? this.#looks[0])?.at;
  }

  /** Errors since the previous sample; undefined at the first. Statistics that were reset count from zero again. */
  errorsSince(total: number): number | undefined {
    const before = this.#errors;
    this.#errors = total;
    return before === undefined ? undefined : total - Math.min(before, total);
  }
}
