/** A chart → SVG as it stands within the page: colours as variables of the style, no identifiers, no script, no style of its own. */
import { CustomChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { Html, html } from './html.ts';
import { variable } from './palette.ts';

use([LineChart, CustomChart, GridComponent, SVGRenderer]);

/** A chart is drawn for a wide and for a narrow screen; the style shows one of them. Pixels at which its text has its own size. */
export const WIDTHS = { wide: 900, narrow: 360 } as const;
export type Width = keyof typeof WIDTHS;

/** Of the texts in a drawing; the style says the same. */
export const FONT = { fontSize: 12, fontFamily: 'system-ui, sans-serif' } as const;

/** Labels of an axis. */
export const LABEL = { ...FONT, color: variable('muted'), hideOverlap: true } as const;

/** Lines across a drawing. */
export const SPLIT = { show: true, lineStyle: { color: variable('rule'), opacity: 0.6 } } as const;

/** An axis in the colours of the page. */
export const axis = (formatter: (value: number) => string, overrides: object): object => ({
  axisLine: { show: true, lineStyle: { color: variable('rule') } },
  axisTick: { show: false },
  minorTick: { show: false },
  splitLine: SPLIT,
  axisLabel: { ...LABEL, formatter },
  ...overrides,
});

/** What the library writes for pages with scripts, its paths of clipping, and its numbers to the last digit, go. In texts it has written `"` as an entity. */
const tidied = (svg: string): string =>
  svg
    .replace(/^<svg [^>]*>/, '')
    .replace(/<\/svg>\s*$/, '')
    .replace(/<(style|defs) >[\s\S]*?<\/\1>/g, '')
    .replace(/ (?:class|style|xml:space|clip-path|pointer-events|stroke-linejoin|stroke-linecap|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/(?<= (?:d|transform|x|y)=")[^"]*/g, (numbers) =>
      numbers.replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1)))),
    )
    .replace(/\n+/g, '\n');

/** @param label what the chart shows, in sentences, for those who do not see it */
export function drawn(title: string, label: string, width: Width, height: number, option: EChartsCoreOption): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTHS[width], height });
  try {
    chart.setOption({ animation: false, useUTC: true, backgroundColor: 'transparent', textStyle: FONT, ...option });
    const inside = new Html(tidied(chart.renderToSVGString()));
    return html`<svg class="${width}" viewBox="0 0 ${WIDTHS[width]} ${height}" role="img" aria-label="${label}" xmlns="http://www.w3.org/2000/svg"><title>${title}</title>${inside}</svg>`;
  } finally {
    chart.dispose();
  }
}
