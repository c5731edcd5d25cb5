/** Numbers for people, with the exact value behind them. */
import type { Unit } from '../../forecast/forecast.ts';
import { bytesInWords, countInWords, dollarsInWords, millisecondsInWords, secondsInWords } from '../words.ts';
import { type Html, html } from './html.ts';

const CENT = 0.01;

/** `12.3 GB`, `1 h 20 min`, `85 ms`, `$0.17`. */
export function inWords(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return bytesInWords(value);
    case 'bytes/s':
      return `${bytesInWords(value)}/s`;
    case 'bytes/h':
      return `${bytesInWords(value)}/h`;
    case 'seconds':
      return secondsInWords(value);
    case 'milliseconds':
      return value > 0 && value < 10 ? `${Number(value.toFixed(1))} ms` : millisecondsInWords(value);
    case 'count':
      return countInWords(value);
    case '1/s':
      return `${value < 100 ? Number(value.toFixed(1)) : countInWords(value)}/s`;
    case 'dollars':
      return value > 0 && value < CENT ? `under ${dollarsInWords(CENT)}` : dollarsInWords(value);
  }
}

/** @param unknown what is said where there is no number */
export function numberOf(value: number | null | undefined, unit: Unit, unknown = 'not known'): Html {
  if (value === null || value === undefined || !Number.isFinite(value)) return html`<span class="muted">${unknown}</span>`;
  const exact = unit === 'count' ? String(value) : `${value} ${unit}`;
  return html`<data value="${value}" title="${exact}">${inWords(value, unit)}</data>`;
}
