/** A chart of values over time, with the same as a table; or why there is none. */
import type { EChartsCoreOption } from 'echarts/core';
import { inWords } from '../../forecast/words.ts';
import type { Sample } from '../history.ts';
import { axis, LABEL, type Width } from './drawing.ts';
import { figureOf } from './figure.ts';
import { type Content, type Html, html } from './html.ts';
import { momentAtTick, momentInWords, momentOf } from './moments.ts';
import { numberOf, tickInWords } from './numbers.ts';
import { type Colour, variable } from './palette.ts';
import { factsOf, said } from './parts.ts';
import { bucketsOf, ordered, type Summary, summaryOf, thinned } from './series.ts';
import { byteStep, momentsBetween, roundStep } from './ticks.ts';

export interface Line {
  readonly name: string;
  readonly colour: Colour & ('blue' | 'green' | 'amber' | 'violet');
  readonly samples: readonly Sample[];
  /** Whether the room below it is filled. */
  readonly filled?: true;
}

type LineUnit = 'bytes' | 'milliseconds';

export interface Lines {
  readonly title: string;
  readonly unit: LineUnit;
  readonly lines: readonly Line[];
  /** Why there may be nothing to draw, in a sentence. */
  readonly otherwise: string;
}

const POINTS = { wide: 300, narrow: 150 } as const;
const HEIGHT = { wide: 220, narrow: 180 } as const;
const ROWS = 24;
const TICKS = 5;

/** A line with what it was as a whole. */
interface Known extends Line {
  readonly summary: Summary;
}

function known(line: Line): Known[] {
  const samples = ordered(line.samples);
  const summary = summaryOf(samples);
  return summary ? [{ ...line, samples, summary }] : [];
}

function seriesOf({ samples, colour, filled }: Line, width: Width): object {
  const stroke = variable(colour);
  return {
    type: 'line',
    ...{ silent: true, clip: false, showSymbol: false },
    data: thinned(samples, POINTS[width]),
    lineStyle: { color: stroke, width: 1.8 },
    itemStyle: { color: stroke },
    ...(filled && { areaStyle: { color: stroke, opacity: 0.14 } }),
  };
}

/** Bytes, minutes and hours have other round numbers than the library knows. */
function roundTicks(lines: readonly Known[], unit: LineUnit): object {
  const most = Math.max(...lines.map(({ summary }) => summary.most[1]));
  if (most <= 0) return {};
  const interval = unit === 'bytes' ? byteStep(most, TICKS) : roundStep(most, TICKS);
  return { interval, max: Math.ceil(most / interval) * interval };
}

const sentenceOf = ({ name, summary: { median, most, last } }: Known, unit: LineUnit): string =>
  `${name}: half of the time ${inWords(median, unit)} or less, at most ${inWords(most[1], unit)} on ${momentInWords(most[0])}, at last ${inWords(last[1], unit)}.`;

/** A row for each stretch of time, of all lines. */
function rowsOf(lines: readonly Known[], unit: LineUnit): Content[][] {
  return lines.flatMap(({ name, samples }) =>
    bucketsOf(samples, Math.floor(ROWS / lines.length)).map(({ from, to, least, most, last }) => [
      html`${momentOf(from)}${to > from && html` to ${momentOf(to)}`}`,
      name,
      ...[least, most, last].map(([, value]) => numberOf(value, unit)),
    ]),
  );
}

const factsOfLine = ({ summary: { median, most, last } }: Known, unit: LineUnit): Html =>
  factsOf([
    ['Half of the time at most', numberOf(median, unit)],
    ['Largest', numberOf(most[1], unit)],
    ['Largest on', momentOf(most[0])],
    ['Last', numberOf(last[1], unit)],
  ]);

/** The drawing. @param from milliseconds since 1970, as `to` */
const optionOf = (lines: readonly Known[], unit: LineUnit, from: number, to: number, width: Width): EChartsCoreOption => ({
  grid: { left: 74, right: 18, top: 12, bottom: 26, outerBoundsMode: 'none' },
  xAxis: axis((value) => momentAtTick(value, to - from), {
    ...{ type: 'value', min: from, max: to, splitLine: { show: false } },
    axisLabel: {
      ...LABEL,
      formatter: (value: number) => momentAtTick(value, to - from),
      customValues: momentsBetween(from, to, width === 'wide' ? 8 : 4),
    },
  }),
  yAxis: axis((value) => tickInWords(value, unit), { type: 'value', min: 0, splitNumber: TICKS, ...roundTicks(lines, unit) }),
  series: lines.map((line) => seriesOf(line, width)),
});

/** Of a single line its median, largest and last stand above it. */
export function linesOf({ title, unit, lines: given, otherwise }: Lines): Html {
  const lines = given.flatMap(known);
  const [first] = lines;
  const one = first?.samples[0];
  if (!first || !one) return html`<h3>${title}</h3>${said(otherwise)}`;
  const from = Math.min(...lines.map(({ samples }) => samples[0]?.[0] ?? one[0]));
  const to = Math.max(...lines.map(({ summary }) => summary.last[0]));
  if (from === to)
    return html`<h3>${title}</h3>${said(html`Measured only once, so there is nothing to draw: ${numberOf(one[1], unit)} on ${momentOf(one[0])}.`)}`;
  const figure = figureOf({
    title: 'Over time, in UTC',
    label: [`${title}, from ${momentInWords(from)} to ${momentInWords(to)}.`, ...lines.map((line) => sentenceOf(line, unit))].join(' '),
    ...(lines.length > 1 && { keys: lines.map(({ name, colour }) => [name, colour] as const) }),
    height: (width) => HEIGHT[width],
    option: (width) => optionOf(lines, unit, from, to, width),
    table: {
      caption: `${title}: least, most and last of each stretch of time`,
      columns: [{ head: 'When' }, { head: 'What' }, ...['Least', 'Most', 'Last'].map((head) => ({ head, kind: 'number' as const }))],
      rows: rowsOf(lines, unit),
    },
  });
  return html`<h3>${title}</h3>${lines.length === 1 && factsOfLine(first, unit)}${figure}`;
}
