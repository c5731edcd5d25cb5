/** The forecast beside what came of it, and the cost. */
import type { CostItem } from '../../../forecast/forecast.ts';
import type { ForecastReport, MigrationReport } from '../../model.ts';
import { type Content, clipped, type Html, html } from '../html.ts';
import type { Limits } from '../limits.ts';
import { numberOf } from '../numbers.ts';
import { said, sectionOf, tableOf } from '../parts.ts';

/** `+12 %`; in times where it is more than double. */
function differenceOf({ forecast, fact }: ForecastReport): string {
  if (forecast === null || fact === null) return '';
  if (forecast === fact) return 'as foretold';
  if (forecast <= 0 || fact <= 0) return '';
  const ratio = fact / forecast;
  if (ratio >= 2) return `${Number(ratio.toPrecision(2))} times`;
  const percent = Math.round((ratio - 1) * 100);
  return percent === 0 ? 'as foretold' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`;
}

const rowOf = (one: ForecastReport, text: number): Content[] => [
  one.label,
  numberOf(one.forecast, one.unit),
  numberOf(one.fact, one.unit, 'not measured'),
  differenceOf(one),
  clipped(one.source, text),
];

export function forecastSection({ forecast }: MigrationReport, { text, entries }: Limits): Html {
  const content =
    forecast.length === 0
      ? said('Nothing was foretold: Preflight was not started, or ended before Forecast had looked.')
      : tableOf({
          caption: 'Forecast of Preflight, and what it came to be',
          columns: [
            { head: 'Figure' },
            ...['Forecast', 'Fact', 'Difference'].map((head) => ({ head, kind: 'number' as const })),
            { head: 'Where the forecast is from', kind: 'long' },
          ],
          rows: forecast.slice(0, entries).map((one) => rowOf(one, text)),
        });
  return sectionOf({ id: 'forecast', title: 'Forecast and fact', content });
}

const sumOf = (costs: readonly CostItem[]): number | null =>
  costs.every(({ dollars }) => dollars === null) ? null : costs.reduce((sum, { dollars }) => sum + (dollars ?? 0), 0);

export function costSection({ costs }: MigrationReport, { text, entries }: Limits): Html {
  const unknown = costs.filter(({ dollars }) => dollars === null).length;
  const content =
    costs.length === 0
      ? said('Nobody measured this: nothing was started that costs anything.')
      : html`${tableOf({
          caption: 'At list prices, from what was measured',
          columns: [{ head: 'Item' }, { head: 'US dollars', kind: 'number' }, { head: 'Where it is from', kind: 'long' }],
          rows: costs.slice(0, entries).map(({ item, dollars, source }) => [item, numberOf(dollars, 'dollars'), clipped(source, text)]),
          rest: ['Together', numberOf(sumOf(costs), 'dollars'), unknown > 0 ? `without ${unknown} of which the price is not known` : ''],
        })}`;
  return sectionOf({ id: 'cost', title: 'Cost', content });
}
