/** Moments for people, in UTC. */
import { type Html, html } from './html.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const padded = (number: number): string => String(number).padStart(2, '0');
const dayOf = (date: Date): string => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
const clockOf = (date: Date): string => `${padded(date.getUTCHours())}:${padded(date.getUTCMinutes())}`;

/** `28 Nov 2026, 07:20:43 UTC`; the text itself where it is no moment. @param at ISO 8601, or milliseconds since 1970 */
export function momentInWords(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  return `${dayOf(date)} ${date.getUTCFullYear()}, ${clockOf(date)}:${padded(date.getUTCSeconds())} UTC`;
}

/** The same, with the exact moment behind it. */
export function momentOf(at: string | number | null): Html {
  if (at === null) return html`<span class="muted">not yet</span>`;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? html`${at}` : html`<time datetime="${date.toISOString()}">${momentInWords(at)}</time>`;
}

const MINUTE_MS = 60_000;

/** At a tick of an axis: the day at midnight, the time otherwise. @param spanMs length of the axis */
export function momentAtTick(at: number, spanMs: number): string {
  const date = new Date(at);
  if (at % (24 * 60 * MINUTE_MS) === 0) return dayOf(date);
  if (spanMs > 15 * MINUTE_MS) return clockOf(date);
  const seconds = `${clockOf(date)}:${padded(date.getUTCSeconds())}`;
  return date.getUTCMilliseconds() === 0 ? seconds : `${seconds}.${Math.round(date.getUTCMilliseconds() / 100)}`;
}
