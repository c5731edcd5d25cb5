/** A chart with its title, the meaning of its colours, and the same as a table. */
import type { EChartsCoreOption } from 'echarts/core';
import { drawn, type Width } from './drawing.ts';
import { clipped, type Html, html } from './html.ts';
import { type Table, type Tone, tableOf } from './parts.ts';

/** Characters; the table beside the chart has the rest. */
const MOST_LABEL = 700;

export interface Figure {
  readonly title: string;
  /** What it shows, in sentences. */
  readonly label: string;
  readonly keys?: readonly (readonly [name: string, tone: Tone])[];
  /** Of the drawing, in pixels. */
  readonly height: (width: Width) => number;
  readonly option: (width: Width) => EChartsCoreOption;
  readonly table: Table;
}

const keyOf = ([name, tone]: readonly [string, Tone]): Html => html`<li class="${tone}">${name}</li>`;

export function figureOf({ title, label, keys, height, option, table }: Figure): Html {
  const drawings = (['wide', 'narrow'] as const).map((width) =>
    drawn(title, clipped(label, MOST_LABEL), width, height(width), option(width)),
  );
  return html`<figure>
<figcaption>${title}</figcaption>
${keys && html`<ul class="keys">${keys.map(keyOf)}</ul>`}
${drawings}
<details><summary>The same as a table</summary>
${tableOf(table)}
</details>
</figure>
`;
}
