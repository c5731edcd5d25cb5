/** Numbers for people, with the exact value behind them. */
import type { Unit } from '../../forecast/forecast.ts';
import { inWords } from '../../forecast/words.ts';
import { type Html, html } from './html.ts';

/** A number at a tick of an axis, where nothing stands behind a point that is nought. */
export const tickInWords = (value: number, unit: Unit): string => (value === 0 ? '0' : inWords(value, unit).replace(/\.0(?= )/, ''));

/** @param unknown what is said where there is no number */
export function numberOf(value: number | null | undefined, unit: Unit, unknown = 'not known'): Html {
  if (value === null || value === undefined || !Number.isFinite(value)) return html`<span class="muted">${unknown}</span>`;
  const exact = unit === 'count' ? String(value) : `${value} ${unit}`;
  return html`<data value="${value}" title="${exact}">${inWords(value, unit)}</data>`;
}
