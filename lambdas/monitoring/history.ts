/**
 * What the watch remembers from look to look, for as long as its function stays warm: the schedule calls it each minute, so that is
 * hours. A function that starts anew knows nothing of this, and what is told from it comes back after some looks.
 */
import type { StreamName } from '../config/names.ts';
import type { Watch } from '../replication/copy/progress-tracker.ts';

/** One look at the publisher. */
export interface Look {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Where its WAL ended, and how much of it slots kept. */
  readonly position: number;
  readonly keptBytes: number;
}

const HOUR_MS = 3_600_000;
/** What a slot keeps goes up and down with checkpoints, which come every five minutes. */
const SHORTEST_TREND_MS = HOUR_MS / 6;

/** `X/Y` in hexadecimal digits → bytes since the WAL began. Exact up to 8 PiB. */
export function bytesOf(position: string): number {
  const [high = 0, low = 0] = position.split('/').map((half) => Number.parseInt(half, 16));
  return high * 2 ** 32 + low;
}

export class MetricHistory {
  /** Progress of the copy; see `replication/copy/progress-tracker.ts`. */
  copy: Watch | undefined;
  #stream: StreamName | undefined;
  #looks: Look[] = [];
  #errors: number | undefined;

  /** Nothing that is remembered of one stream says anything about another. */
  turnTo(stream: StreamName | undefined): void {
    if (stream === this.#stream) return;
    this.#stream = stream;
    this.copy = undefined;
    this.#looks = [];
    this.#errors = undefined;
  }

  keep(look: Look): void {
    this.#looks = [...this.#looks.filter(({ at }) => at >= look.at - HOUR_MS), look];
  }

  /** Bytes of WAL by which what is kept grows in an hour, from the looks of the last hour; undefined while they span less than ten minutes. */
  growthPerHour(): number | undefined {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (!first || !last || last.at - first.at < SHORTEST_TREND_MS) return undefined;
    return ((last.keptBytes - first.keptBytes) * HOUR_MS) / (last.at - first.at);
  }

  /** When the publisher's WAL was last seen to end at `position` or before it; where none of the looks did, the first of them. */
  lastSeenBefore(position: number): number | undefined {
    return (this.#looks.findLast((look) => look.position <= position) ?? this.#looks[0])?.at;
  }

  /** Errors since the look before; undefined at the first look. Statistics that somebody reset count from zero again. */
  errorsSince(total: number): number | undefined {
    const before = this.#errors;
    this.#errors = total;
    return before === undefined ? undefined : total - Math.min(before, total);
  }
}
