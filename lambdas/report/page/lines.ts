/** A chart of values over time, with the same as a table; or why there is none. */
import type { Unit } from '../../forecast/forecast.ts';
import type { Sample } from '../history.ts';
import { axis, type Width } from './drawing.ts';
import { figureOf } from './figure.ts';
import { type Content, type Html, html } from './html.ts';
import { momentInWords, momentOf, tickInWords } from './moments.ts';
import { inWords, numberOf } from './numbers.ts';
import { type Colour, variable } from './palette.ts';
import { factsOf, said } from './parts.ts';
import { bucketsOf, ordered, type Summary, summaryOf, thinned } from './series.ts';

export interface Line {
  readonly name: string;
  readonly colour: Colour & ('blue' | 'green' | 'amber' | 'violet');
  readonly samples: readonly Sample[];
  /** Whether the room below it is filled. */
  readonly filled?: true;
}

export interface Lines {
  readonly title: string;
  readonly unit: Unit;
  readonly lines: readonly Line[];
  /** Why there may be nothing to draw, in a sentence. */
  readonly otherwise: string;
}

const POINTS = { wide: 300, narrow: 150 } as const;
const HEIGHT = { wide: 220, narrow: 180 } as const;
const ROWS = 24;

const known = (line: Line): Line => ({ ...line, samples: ordered(line.samples) });

function seriesOf({ samples, colour, filled }: Line, width: Width): object {
  const stroke = variable(colour);
  return {
    type: 'line',
    ...{ silent: true, clip: false, showSymbol: false, animation: false },
    data: thinned(samples, POINTS[width]),
    lineStyle: { color: stroke, width: 1.8 },
    itemStyle: { color: stroke },
    ...(filled && { areaStyle: { color: stroke, opacity: 0.14 } }),
  };
}

const sentenceOf = (line: Line, { median, most, last }: Summary, unit: Unit): string =>
  `${line.name}: half of the time ${inWords(median, unit)} or less, at most ${inWords(most[1], unit)} on ${momentInWords(most[0])}, at last ${inWords(last[1], unit)}.`;

/** A row for each stretch of time, of all lines. */
function rowsOf(lines: readonly Line[], unit: Unit): Content[][] {
  return lines.flatMap(({ name, samples }) =>
    bucketsOf(samples, Math.floor(ROWS / lines.length)).map(({ from, to, least, most, last }) => [
      html`${momentOf(from)}${to > from && html` to ${momentOf(to)}`}`,
      name,
      ...[least, most, last].map(([, value]) => numberOf(value, unit)),
    ]),
  );
}

const summaries = (lines: readonly Line[], unit: Unit): Html =>
  html`${lines.map(({ name, samples }) => {
    const summary = summaryOf(samples);
    if (!summary) return null;
    const prefix = lines.length > 1 ? `${name}: ` : '';
    return factsOf([
      [`${prefix}half of the time at most`, numberOf(summary.median, unit)],
      [`${prefix}largest`, html`${numberOf(summary.most[1], unit)}`],
      [`${prefix}last`, numberOf(summary.last[1], unit)],
    ]);
  })}`;

/** @param withFacts whether median, largest and last stand above it */
export function linesOf({ title, unit, lines: given, otherwise }: Lines, withFacts = true): Html {
  const lines = given.map(known).filter(({ samples }) => samples.length > 0);
  const times = lines.flatMap(({ samples }) => [samples[0]?.[0] ?? 0, samples.at(-1)?.[0] ?? 0]);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const one = lines[0]?.samples[0];
  if (!one) return html`<h3>${title}</h3>${said(otherwise)}`;
  if (from === to)
    return html`<h3>${title}</h3>${said(html`Measured only once, so there is nothing to draw: ${numberOf(one[1], unit)} on ${momentOf(one[0])}.`)}`;
  const label = [
    `${title}, from ${momentInWords(from)} to ${momentInWords(to)}.`,
    ...lines.map((line) => {
      const summary = summaryOf(line.samples);
      return summary ? sentenceOf(line, summary, unit) : '';
    }),
  ].join(' ');
  const figure = figureOf({
    title: `${title} (UTC)`,
    label,
    keys: lines.map(({ name, colour }) => [name, colour]),
    height: (width) => HEIGHT[width],
    option: (width) => ({
      grid: { left: 74, right: 18, top: 12, bottom: 26 },
      xAxis: axis((value) => tickInWords(value, to - from), {
        type: 'time',
        min: from,
        max: to,
        splitNumber: width === 'wide' ? 8 : 3,
        splitLine: { show: false },
      }),
      yAxis: axis((value) => inWords(value, unit), { type: 'value', min: 0, splitNumber: 4 }),
      series: lines.map((line) => seriesOf(line, width)),
    }),
    table: {
      caption: `${title}: least, most and last of each stretch of time`,
      columns: [{ head: 'When' }, { head: 'What' }, ...['Least', 'Most', 'Last'].map((head) => ({ head, kind: 'number' as const }))],
      rows: rowsOf(lines, unit),
    },
  });
  return html`<h3>${title}</h3>${withFacts && summaries(lines, unit)}${figure}`;
}
