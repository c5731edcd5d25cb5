/** The message about rows that the target would not accept, and the remedy. */
import { SampleRefused, type StatementFailed } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import { withoutNeedlessQuotes } from '../postgres/quoted-names.ts';
import { withCode } from '../postgres/server-words.ts';
import { CHECK_VIOLATION } from '../postgres/sqlstates.ts';
import type { Expression, SampledTable } from './sample-tables.sql.ts';

/** One thing that fails, with the first row of the sample for which it does. */
export interface Refusal {
  /** Such as `table public.measure` or `materialized view app.summary`. */
  readonly where: string;
  /** Such as `id = 7`; undefined where it was no single row. */
  readonly key: string | undefined;
  /** The expression that was evaluated; undefined where the server does not say. */
  readonly what: string | undefined;
  /** The server's message, as far as it may be shown. */
  readonly words: string;
  readonly remedy: string;
  /** Rows of the sample that fail alike. */
  readonly rows: number;
}

const LONGEST_VALUE = 40;
const LONGEST_KEY = 120;
const LONGEST_EXPRESSION = 200;
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** The primary key of a row, which is the only part of it that is shown. */
export function keyOfRow({ key, columns }: SampledTable, row: readonly (string | null)[]): string {
  if (key.length === 0) return 'a row of a table without a primary key';
  return cut(key.map((name) => `${name} = ${cut(row[columns.indexOf(name)] ?? 'null', LONGEST_VALUE)}`).join(', '), LONGEST_KEY);
}

const NAMES: Readonly<Record<Expression['kind'], string>> = {
  index: 'index',
  statistics: 'statistics',
  check: 'check',
  'valid check': 'check',
  generated: 'generated column',
  domain: 'check of the domain',
  'valid domain': 'check of the domain',
};
export const inWords = ({ kind, name, text, predicate, domain }: Expression): string =>
  cut(
    `${NAMES[kind]} ${domain ? `${withoutNeedlessQuotes(domain)}, ` : ''}${name}: ${withoutNeedlessQuotes(
      text === 'true' && predicate ? `where ${predicate}` : text,
    )}`.replaceAll(/\s+/g, ' '),
    LONGEST_EXPRESSION,
  );

const constraintsNamed = ({ complaint }: StatementFailed, expressions: readonly Expression[]): Expression[] =>
  expressions.filter(({ name, kind }) => name === complaint.constraint && (kind.endsWith('check') || kind.endsWith('domain')));

/** Whether the expression that refused a row may accept it once other tables are filled. */
export const isPremature = (error: StatementFailed, { expressions }: SampledTable): boolean =>
  error.complaint.code === CHECK_VIOLATION && constraintsNamed(error, expressions).some(({ reads }) => reads);

/** The expression that an insertion evaluated when it failed, as far as the error or the function in which it arose shows. */
export function evaluatedBy(error: StatementFailed, { expressions }: SampledTable): string | undefined {
  const { complaint } = error;
  const named = constraintsNamed(error, expressions);
  const inserted = expressions.filter(({ kind }) => kind.endsWith('check') || kind.endsWith('domain') || kind === 'generated');
  const culprit = complaint.culprit?.replace(/\(.*$/s, '').split('.').at(-1)?.replaceAll('"', '');
  const calling = culprit ? inserted.filter(({ text }) => text.includes(culprit)) : [];
  const found = named.length > 0 ? named : calling.length > 0 ? calling : culprit ? inserted : [];
  return found.length > 0 ? found.slice(0, 3).map(inWords).join('; ') : complaint.constraint && `constraint ${complaint.constraint}`;
}

export function remedyOf(
  { complaint: { code = '', constraint, culprit } }: Pick<StatementFailed, 'complaint'>,
  table?: SampledTable,
): string {
  if (code === CHECK_VIOLATION && constraint === undefined && table?.partitionKey) return partitionRemedy(table);
  if (code.startsWith('42') && culprit) {
    return `Function ${culprit} fails where search_path is empty: qualify the names in it, or alter routine ${culprit} set search_path = …, on both sides.`;
  }
  if (code.startsWith('42'))
    return 'It fails where search_path is empty, or names what the target lacks: qualify the names, or make what is missing on the target.';
  if (code === CHECK_VIOLATION) {
    return (
      'Rows on the source break it: it was made differently when they came, reads other tables, or finds something else on the target. Correct the rows on the source, or the ' +
      'function on both sides; or drop the constraint on both sides, and add it again as NOT VALID after the switch.'
    );
  }
  if (culprit) return `Function ${culprit} fails for this row: repair the row, or the function on both sides.`;
  if (code.startsWith('22'))
    return 'The target cannot read a value as the source prints it: change the type of the column, or exclude the table.';
  return 'Look for the same on the source; repair the row or the constraint, or exclude the table.';
}

function partitionRemedy(table: SampledTable): string {
  const [partitionKey, root] = [withoutNeedlessQuotes(table.partitionKey ?? ''), withoutNeedlessQuotes(table.root ?? '')];
  return /^hash\b/i.test(partitionKey)
    ? `It belongs into another partition on the target: ${root} is partitioned by ${partitionKey}, and the hash of an enum, and of whatever is hashed by an OID, ` +
        'differs from server to server. Partition it on the source by LIST, or by the hash of another column or type; or leave it out with ' +
        `excludeTables, and move it by hand through ${root} itself.`
    : `It belongs into another partition on the target: ${root} is partitioned by ${partitionKey}, whose order is another one there. Give the ` +
        `column a collation that both sides order alike ("C"), or leave ${root} out with excludeTables and move it by hand.`;
}

const MOST_SHOWN = 30;

const MOST_NAMED = 3;

/** Partitions and tables of one definition fail alike, and are one thing to mend. */
function inParagraph(alike: readonly Refusal[], at: number): string {
  const [first, ...others] = alike as [Refusal, ...Refusal[]];
  const { where, key, what, words, remedy, rows } = first;
  const row = key === undefined ? '' : ` (${key}${rows > 1 ? ` and ${rows - 1} more of the sample` : ''})`;
  const named = atMost(
    MOST_NAMED,
    others.map((other) => other.where),
  );
  const elsewhere = others.length === 0 ? '' : ` Alike: ${named.join(', ')}.`;
  return `${at + 1}. ${where}${row}: ${words}.${what === undefined ? '' : ` Evaluated: ${what}.`}${elsewhere} ${remedy}`;
}

/** A message of all of them, which fits into an execution's history. @param unlisted how many more there are */
export function sampleRefused(refusals: readonly Refusal[], unlisted: number): SampleRefused {
  const things = [...Map.groupBy(refusals, ({ what, remedy }) => JSON.stringify([what, remedy])).values()];
  const more = things.length - Math.min(things.length, MOST_SHOWN) + unlisted;
  return new SampleRefused(
    [
      `Rows of the source were tried on the target before the copy, and ${things.length === 1 ? 'one thing fails' : `${things.length + unlisted} things fail`}. ` +
        'They were taken back: nothing was copied, the tables of the target are empty as before, and the source was only read. ' +
        'Remedy each, then start Replicate again. The schema is copied already: what you change in the schema of the source, change on the target ' +
        'too, or run Cleanup with "target": "drop" first, and it is copied anew.',
      ...things.slice(0, MOST_SHOWN).map(inParagraph),
      ...(more > 0 ? [`And ${more} more.`] : []),
    ].join('\n'),
  );
}

/** @param where see {@link Refusal} */
export const refusalOf = (where: string, error: StatementFailed, rest: Pick<Refusal, 'key' | 'what'>, table?: SampledTable): Refusal => ({
  where,
  ...rest,
  rows: 1,
  remedy: remedyOf(error, table),
  words: `${withCode(error.message, error.complaint.code)}${error.complaint.culprit && !error.message.includes(error.complaint.culprit) ? ` in function ${error.complaint.culprit}` : ''}`,
});
