/** A chart of bars from one moment to another, each with its name and its length in words: executions, states, parts of a switch, sizes. */
import type { CustomSeriesRenderItem } from 'echarts';
import type { EChartsCoreOption } from 'echarts/core';
import { axis, FONT, LABEL, SPLIT, WIDTHS, type Width } from './drawing.ts';
import { visible } from './html.ts';
import { type Colour, variable } from './palette.ts';

export interface Span {
  readonly name: string;
  /** Its length, or whatever is said of it. */
  readonly says: string;
  readonly from: number;
  readonly to: number;
  readonly colour: Colour;
}

export interface Spans {
  readonly spans: readonly Span[];
  /** What the axis begins and ends with. */
  readonly from: number;
  readonly to: number;
  readonly tick: (value: number) => string;
  /** Where its ticks are, by how many there may be; the library's own where it is left out. */
  readonly ticks?: (most: number) => readonly number[];
}

const ROW = { wide: 24, narrow: 38 } as const;
const BAR = 13;
/** For names, on a wide screen; a narrow one has them above the bars. */
const GUTTER = 220;
const MARGIN = { top: 6, right: 14, bottom: 26 } as const;
const LEAST_BAR = 3;
const LABEL_HALF = 30;
/** Of a character of a wide font, on average. */
const CHARACTER = 7.4;

/** Characters that are wider than the average: in pixels, of a wide font. */
const WIDER: readonly (readonly [RegExp, number])[] = [
  [/^[\p{Mark}\u200d]$/u, 0],
  [/^[\ufdfa-\ufdfd]$/u, 30],
  [/^[\u2e80-\u{10ffff}]$/u, 15],
  [/^[MWmw@%]$/u, 12],
  [/^[\p{Uppercase}&<>+=~#]$/u, 10],
];

const pixelsOf = (character: string): number => WIDER.find(([kind]) => kind.test(character))?.[1] ?? CHARACTER;

/** The name as it fits; the table beside the chart has it whole. */
function fitting(name: string, pixels: number): string {
  const characters = [...visible(name.replaceAll(/[\n\t]/g, ' '))];
  let left = pixels;
  const most = characters.findIndex((character) => {
    left -= pixelsOf(character);
    return left < 0;
  });
  if (most < 0) return characters.join('');
  return `${characters.slice(0, Math.max(1, most - 1)).join('')}…`;
}

const text = (words: string, x: number, y: number, align: 'left' | 'right', colour: Colour): object => ({
  type: 'text',
  silent: true,
  style: { ...FONT, text: words, x, y, textAlign: align, textVerticalAlign: 'middle', fill: variable(colour) },
});

/** In pixels. */
export const spansHeight = (count: number, width: Width): number => MARGIN.top + count * ROW[width] + MARGIN.bottom;

export function spansOption({ spans, from, to, tick, ticks }: Spans, width: Width): EChartsCoreOption {
  const isWide = width === 'wide';
  const left = isWide ? GUTTER : 6;
  const right = WIDTHS[width] - MARGIN.right;
  const end = to > from ? to : from + 1;
  const pixels = (value: number): number => left + ((Math.min(Math.max(value, from), end) - from) / (end - from)) * (right - left);
  const renderItem: CustomSeriesRenderItem = ({ dataIndex }) => {
    const span = spans[dataIndex];
    if (!span) return { type: 'group', children: [] };
    const length = Math.max(LEAST_BAR, pixels(span.to) - pixels(span.from));
    const x = Math.min(pixels(span.from), right - length);
    const top = MARGIN.top + dataIndex * ROW[width];
    const middle = isWide ? top + ROW.wide / 2 : top + ROW.narrow - BAR / 2 - 5;
    const said = span.says.length * CHARACTER;
    const children = isWide
      ? [
          text(fitting(span.name, GUTTER - 14), GUTTER - 10, middle, 'right', 'text'),
          x + length + 6 + said < right
            ? text(span.says, x + length + 6, middle, 'left', 'muted')
            : x - 6 - said > left
              ? text(span.says, x - 6, middle, 'right', 'muted')
              : text(span.says, x + 6, middle, 'left', 'background'),
        ]
      : [
          text(fitting(span.name, right - left - said - 12), left, top + 10, 'left', 'text'),
          text(span.says, right, top + 10, 'right', 'muted'),
        ];
    const bar = {
      type: 'rect',
      silent: true,
      shape: { x, y: middle - BAR / 2, width: length, height: BAR },
      style: { fill: variable(span.colour) },
    };
    return { type: 'group', silent: true, children: [bar, ...children] as never };
  };
  const customValues = ticks?.(isWide ? 7 : 4);
  // Half of a label at either end would be cut off.
  const isNear = (tick: number | undefined, edge: number): boolean => tick !== undefined && Math.abs(pixels(tick) - edge) < LABEL_HALF;
  const ends = {
    alignMinLabel: !customValues || isNear(customValues[0], left) ? 'left' : 'center',
    alignMaxLabel: isNear(customValues?.at(-1), right) ? 'right' : 'center',
    ...(!customValues && { showMaxLabel: false }),
  };
  const xAxis = {
    ...{ type: 'value', min: from, max: end, splitNumber: isWide ? 6 : 3, splitLine: SPLIT, axisTick: { show: false, customValues } },
    axisLine: { show: true, onZero: false, lineStyle: { color: variable('rule') } },
    axisLabel: { ...LABEL, ...ends, formatter: tick, customValues },
  };
  return {
    grid: { left, right: MARGIN.right, top: MARGIN.top, bottom: MARGIN.bottom, outerBoundsMode: 'none' },
    xAxis: axis(tick, xAxis),
    yAxis: { type: 'value', inverse: true, min: 0, max: Math.max(1, spans.length), show: false },
    series: [{ type: 'custom', silent: true, clip: false, renderItem, data: spans.map((span, at) => [span.from, at]) }],
  };
}
