/** Pieces that several sections are made of. */
import { type Content, type Html, html } from './html.ts';

/** A cell of a table, by its column: a name, a number, or a text that may be long. */
export interface Column {
  readonly head: string;
  readonly kind?: 'number' | 'long';
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell of each names it. */
  readonly rows: readonly (readonly Content[])[];
  /** What stands for the rows that are not shown. */
  readonly rest?: readonly Content[] | undefined;
}

const cell = (content: Content, column: Column | undefined, isHead: boolean): Html =>
  isHead ? html`<th scope="row">${content}</th>` : html`<td class="${column?.kind ?? ''}">${content}</td>`;

const row = (cells: readonly Content[], columns: readonly Column[]): Html =>
  html`<tr>${cells.map((content, at) => cell(content, columns[at], at === 0))}</tr>\n`;

/** It scrolls by itself where it is wider than the page. */
export function tableOf({ caption, columns, rows, rest }: Table): Html {
  const heads = columns.map(({ head, kind }) => html`<th scope="col" class="${kind === 'number' ? kind : ''}">${head}</th>`);
  return html`<div class="scroll" role="group" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows.map((cells) => row(cells, columns))}</tbody>
${rest && html`<tfoot>${row(rest, columns)}</tfoot>`}
</table></div>`;
}

/** A name out of a database, apart from the direction of what stands around it. */
export const nameOf = (...parts: readonly string[]): Html => html`<bdi>${parts.join('.')}</bdi>`;

export type Tone = 'blue' | 'green' | 'amber' | 'red' | 'violet' | 'muted-tone';

export const badge = (text: string, tone: Tone): Html => html`<span class="badge ${tone}">${text}</span>`;

/** What stands where there is nothing to show: why there is nothing. */
export const said = (why: Content): Html => html`<p class="said">${why}</p>`;

/** A few figures side by side. */
export const factsOf = (facts: readonly (readonly [label: string, value: Content])[]): Html =>
  html`<dl class="facts">${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;

/** A list that may be long: the first ones, and how many more there are. @param most number of names that are shown */
export function namesOf(names: readonly string[], more: number, most: number): Html {
  const shown = names.slice(0, most).map((name, at) => html`${at > 0 && ', '}${nameOf(name)}`);
  const hidden = Math.max(0, names.length - most) + more;
  return html`${shown}${hidden > 0 && ` and ${hidden} more`}`;
}

export interface Section {
  readonly id: string;
  readonly title: string;
  /** Whether it begins a page on paper. */
  readonly newPage?: true;
  readonly content: Content;
}

export const sectionOf = ({ id, title, newPage, content }: Section): Html =>
  html`<section id="${id}" aria-labelledby="${id}-title" class="${newPage ? 'new-page' : ''}">
<h2 id="${id}-title">${title}</h2>
${content}
</section>
`;
