/** The tables that matter: different ones first, then the largest; totals for the rest. */
import { countInWords } from '../../../config/in-words.ts';
import type { TableHistory } from '../../history.ts';
import { type Content, type Html, html } from '../html.ts';
import { numberOf } from '../numbers.ts';
import { badge, nameOf, tableOf } from '../parts.ts';

const MOST = 50;

const TONES = { equal: 'green', different: 'red', 'not compared': 'muted-tone' } as const;

const sizeOf = ({ bytes }: TableHistory): number => bytes ?? -1;
const rank = ({ compared }: TableHistory): number => (compared === 'different' ? 0 : 1);

const rowOf = ({ schema, table, rows, bytes, toastBytes, compared }: TableHistory): Content[] => [
  nameOf(schema, table),
  badge(compared, TONES[compared]),
  numberOf(rows, 'count'),
  numberOf(bytes, 'bytes'),
  numberOf(toastBytes, 'bytes'),
];

/** Null where none of them is known. */
const sumOf = (tables: readonly TableHistory[], key: 'rows' | 'bytes' | 'toastBytes'): number | null => {
  const known = tables.map((table) => table[key]).filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
};

function restOf(rest: readonly TableHistory[], more: number): Content[] {
  const kinds = (['different', 'equal', 'not compared'] as const).flatMap((kind) => {
    const count = rest.filter(({ compared }) => compared === kind).length;
    return count > 0 ? [`${countInWords(count)} ${kind}`] : [];
  });
  return [
    `${countInWords(rest.length + more)} more`,
    [...kinds, ...(more > 0 ? [`${countInWords(more)} known by number only`] : [])].join(', '),
    ...(['rows', 'bytes', 'toastBytes'] as const).map((key) => numberOf(sumOf(rest, key), key === 'rows' ? 'count' : 'bytes')),
  ];
}

/** @param more tables of which only the number is known */
export function tablesTable(tables: readonly TableHistory[], more: number): Html {
  const sorted = tables.toSorted((one, other) => rank(one) - rank(other) || sizeOf(other) - sizeOf(one));
  const rest = sorted.slice(MOST);
  const all = countInWords(tables.length + more);
  return html`${tableOf({
    caption:
      rest.length + more > 0
        ? `${Math.min(MOST, sorted.length)} of ${all} tables: those that differ, then the largest`
        : `All ${all} tables, the largest first`,
    columns: [
      { head: 'Table' },
      { head: 'Compared' },
      ...['Rows', 'Size', 'of which TOAST'].map((head) => ({ head, kind: 'number' as const })),
    ],
    rows: sorted.slice(0, MOST).map(rowOf),
    rest: rest.length + more > 0 ? restOf(rest, more) : undefined,
  })}`;
}
