/** Numbers for people. */

const STEPS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `8.1 MB`: in multiples of 1,000, as clouds bill them. */
export function bytesInWords(bytes: number): string {
  let at = 0;
  let value = bytes;
  while (Math.abs(value) >= 999.5 && at < STEPS.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at === 0 ? Math.round(value) : shortened(value)} ${STEPS[at]}`;
}

const shortened = (value: number): string => value.toFixed(Math.abs(value) < 99.95 ? 1 : 0);

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `85 ms`, `3.2 s`, `1 h 20 min`: the two largest units that count. */
export function secondsInWords(seconds: number): string {
  if (seconds < 1) return millisecondsInWords(seconds * 1000);
  if (seconds < 59.95) return `${Number(seconds.toFixed(1))} s`;
  let left = Math.round(seconds);
  const words: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0 || words.length > 0) words.push(`${count} ${unit}`);
    if (words.length === 2) break;
  }
  return words.filter((word) => !word.startsWith('0 ')).join(' ');
}

/** `85 ms`; above a second as seconds. */
export const millisecondsInWords = (ms: number): string => (ms >= 1000 ? secondsInWords(ms / 1000) : `${Math.round(ms)} ms`);

/** `1,204`: with commas, in every locale. */
export const countInWords = (count: number): string => String(Math.round(count)).replace(/\B(?=(?:\d{3})+(?!\d))/g, ',');

/** `1 table`, `12 tables`. */
export const counted = (count: number, noun: string): string => `${countInWords(count)} ${noun}${count === 1 ? '' : 's'}`;

/** `$0.17`; with commas. */
export const dollarsInWords = (dollars: number): string => `$${dollars.toFixed(2).replace(/\B(?=(?:\d{3})+(?!\d))/g, ',')}`;

/** The text as a sentence: with one full stop at its end. */
export const sentence = (text: string): string => `${text.trim().replace(/[.]+$/, '')}.`;
