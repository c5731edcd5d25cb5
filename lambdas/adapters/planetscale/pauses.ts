/** How long to wait before a call is made again: as the server says, and else longer each time. */
import type { IncomingHttpHeaders } from 'node:http';

/** Milliseconds. */
export interface Pace {
  /** That one try may take. */
  readonly timeoutMs: number;
  /** Before the second try; the next pauses are each twice as long. */
  readonly pauseMs: number;
  /** That all calls of one visit may wait in sum, so that it ends in time. */
  readonly patienceMs: number;
}

export const PACE: Pace = { timeoutMs: 10_000, pauseMs: 500, patienceMs: 30_000 };

/** Seconds since 1970 are larger than this, and no pause is. */
const LONGEST_SECONDS = 100_000_000;

/**
 * The pause that the server asks for; undefined where it says nothing that is understood. Its own clock is asked, where it tells the time.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after; the names of the other headers are those in use.
 */
export function pauseAskedFor(headers: IncomingHttpHeaders, now: number): number | undefined {
  const clock = timeIn(headers.date) ?? now;
  const later = (text: unknown): number | undefined => {
    if (typeof text !== 'string' || text.trim() === '') return undefined;
    const number = Number(text);
    if (!Number.isFinite(number)) return timeIn(text) === undefined ? undefined : Math.max(0, (timeIn(text) ?? 0) - clock);
    if (number < 0) return undefined;
    return number > LONGEST_SECONDS ? Math.max(0, number * 1_000 - clock) : number * 1_000;
  };
  return later(headers['retry-after']) ?? later(headers['ratelimit-reset']) ?? later(headers['x-ratelimit-reset']);
}

function timeIn(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
