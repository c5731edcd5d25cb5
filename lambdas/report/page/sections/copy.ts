/** What was copied: bytes over time, and by table. */
import { bytesInWords, counted } from '../../../config/in-words.ts';
import type { TableHistory } from '../../history.ts';
import type { MigrationReport } from '../../model.ts';
import { figureOf } from '../figure.ts';
import { type Html, html } from '../html.ts';
import { linesOf } from '../lines.ts';
import { numberOf, tickInWords } from '../numbers.ts';
import { factsOf, nameOf, said, sectionOf } from '../parts.ts';
import { spansHeight, spansOption } from '../spans.ts';
import { byteStep, upTo } from '../ticks.ts';

/** Tables in the chart. */
const MOST_TABLES = 15;

const WAYS = { stream: 'By the subscription', parts: 'In parts' } as const;

function figures({ way, parts, bytes, seconds }: MigrationReport['copy']): Html {
  const speed = bytes !== null && seconds !== null && seconds > 0 ? bytes / seconds : null;
  return factsOf([
    ['Way', way === null ? html`<span class="muted">not chosen yet</span>` : WAYS[way]],
    ['Parts', parts > 0 ? numberOf(parts, 'count') : 'none'],
    ['Size', numberOf(bytes, 'bytes')],
    ['Took', numberOf(seconds, 'seconds')],
    ['Speed on average', numberOf(speed, 'bytes/s')],
  ]);
}

type Sized = TableHistory & { readonly bytes: number };

function byTable(tables: readonly TableHistory[]): Html {
  const sized = tables.filter((table): table is Sized => table.bytes !== null && table.bytes > 0);
  const largest = sized.slice(0, MOST_TABLES);
  const most = largest[0]?.bytes;
  if (most === undefined)
    return html`<h3>Largest tables</h3>${said('Nobody measured this: neither Forecast nor CompareData has named the size of a table.')}`;
  const spans = largest.map(({ schema, table, bytes }) => ({
    name: `${schema}.${table}`,
    says: bytesInWords(bytes),
    from: 0,
    to: bytes,
    colour: 'blue' as const,
  }));
  const figure = figureOf({
    title: `${largest.length < sized.length ? `The ${largest.length} largest` : 'All'} of ${counted(sized.length, 'table')} whose size is known`,
    label: `Largest tables. ${spans.map(({ name, says }) => `${name}: ${says}`).join('; ')}.`,
    height: (width) => spansHeight(spans.length, width),
    option: (width) =>
      spansOption(
        { spans, from: 0, to: most, tick: (value) => tickInWords(value, 'bytes'), ticks: (count) => upTo(most, byteStep(most, count)) },
        width,
      ),
    table: {
      caption: 'Largest tables',
      columns: [{ head: 'Table' }, ...['Size', 'of which TOAST', 'Rows'].map((head) => ({ head, kind: 'number' as const }))],
      rows: largest.map(({ schema, table, bytes, toastBytes, rows }) => [
        nameOf(schema, table),
        numberOf(bytes, 'bytes'),
        numberOf(toastBytes, 'bytes'),
        numberOf(rows, 'count'),
      ]),
    },
  });
  return html`<h3>Largest tables</h3>${figure}`;
}

export function copySection({ copy, tables }: MigrationReport): Html {
  const overTime = linesOf({
    title: 'Bytes over time',
    unit: 'bytes',
    lines: [
      { name: 'copied', colour: 'blue', samples: copy.copied, filled: true },
      { name: 'to copy in all', colour: 'amber', samples: copy.total },
    ],
    otherwise:
      'Nobody measured this: the watch looks once a minute and only while something is left to copy, so a short copy may end unseen.',
  });
  return sectionOf({ id: 'copy', title: 'Copy', content: html`${figures(copy)}${overTime}${byTable(tables)}` });
}
