/** What was proved: the comparison by table, sequences, keys and indexes, owners and grants, and what writers had acknowledged. */
import { countInWords } from '../../../config/in-words.ts';
import type { ComparisonReport, MigrationReport } from '../../model.ts';
import { type Content, clipped, type Html, html } from '../html.ts';
import type { Limits } from '../limits.ts';
import { momentOf } from '../moments.ts';
import { numberOf } from '../numbers.ts';
import { badge, factsOf, nameOf, namesOf, said, sectionOf, tableOf } from '../parts.ts';
import { tablesTable } from './tables.ts';

function differences({ different, moreDifferent }: ComparisonReport, { text, entries }: Limits): Html | null {
  const hidden = Math.max(0, different.length - entries) + moreDifferent;
  if (different.length === 0) return null;
  return tableOf({
    caption: 'Tables that differ',
    columns: [{ head: 'Table' }, { head: 'What differs', kind: 'long' }],
    rows: different.slice(0, entries).map(({ schema, table, says }) => [nameOf(schema, table), clipped(says, text)]),
    rest: hidden > 0 ? [`${countInWords(hidden)} more`, ''] : undefined,
  });
}

function comparisonOf({ comparison, tables, moreTables }: MigrationReport, limits: Limits): Html {
  const found = comparison ? comparison.different.length + comparison.moreDifferent : 0;
  const summary = comparison
    ? html`${factsOf([
        ['Compared', momentOf(comparison.at)],
        ['Tables', numberOf(comparison.tables, 'count')],
        ['Rows', numberOf(comparison.rows, 'count')],
        ['Size', numberOf(comparison.bytes, 'bytes')],
        ['Different', found === 0 ? badge('none', 'green') : badge(countInWords(found), 'red')],
      ])}
<p>Every row was counted and hashed on both sides while changes flowed.</p>${differences(comparison, limits)}`
    : said('Nobody measured this: CompareData has not come to its end, so nothing is proved about the rows.');
  const list =
    tables.length > 0
      ? tablesTable(tables, moreTables)
      : said('Which tables there are is not known: neither Forecast nor CompareData has named one.');
  return html`<h3>Rows, table by table</h3>${summary}${list}`;
}

const listed = (label: string, names: readonly string[], most: number): Content =>
  names.length > 0 ? html`<p>${label} (${countInWords(names.length)}): ${namesOf(names, 0, most)}.</p>` : null;

function sequencesOf({ sequences }: MigrationReport, { names }: Limits): Html {
  if (!sequences) return html`<h3>Sequences</h3>${said('Nobody measured this: the migration did not get as far as SyncSequences.')}`;
  const { count, behind, atTheirBound, cycling, differing } = sequences;
  return html`<h3>Sequences</h3>
<p>${countInWords(count - behind.length)} of ${countInWords(count)} are ahead of the source ${behind.length === 0 ? badge('all', 'green') : badge('some are behind', 'red')}</p>
${listed('Behind the source', behind, names)}${listed('Without numbers left', atTheirBound, names)}${listed('Beginning anew at their end', cycling, names)}${listed('With other settings than on the source', differing, names)}`;
}

function indexesOf({ indexes, indexFailures }: MigrationReport, { text, entries }: Limits): Html {
  const [done, of] = [indexes.reduce((sum, one) => sum + one.done, 0), indexes.reduce((sum, one) => sum + one.of, 0)];
  const failures = indexFailures.slice(0, entries).map((failure) => html`<li>${clipped(failure, text)}</li>`);
  const table =
    indexes.length === 0
      ? said('Nobody measured this: the migration did not get as far as BuildKeys.')
      : tableOf({
          caption: 'Keys, indexes and other objects that follow the rows',
          columns: [{ head: 'Kind' }, { head: 'There', kind: 'number' }, { head: 'Of', kind: 'number' }, { head: 'Complete' }],
          rows: indexes
            .slice(0, entries)
            .map((one) => [
              one.kind,
              numberOf(one.done, 'count'),
              numberOf(one.of, 'count'),
              one.done < one.of ? badge('missing', 'red') : badge('all', 'green'),
            ]),
          rest: ['Together', numberOf(done, 'count'), numberOf(of, 'count'), ''],
        });
  const hidden = indexFailures.length - failures.length;
  return html`<h3>Keys and indexes</h3>${table}
${failures.length > 0 && html`<p>What could not be built:</p><ul>${failures}${hidden > 0 && html`<li>${hidden} more in the JSON</li>`}</ul>`}`;
}

function accessOf({ access }: MigrationReport): Html {
  if (!access) return html`<h3>Owners and grants</h3>${said('Nobody looked: the schema was not copied.')}`;
  const says = access.carried
    ? html`Owners, grants and settings of ${numberOf(access.roles, 'count')} roles stand on the target; ${numberOf(access.made, 'count')} of the roles were made there.`
    : 'Not carried, as the input asked: one role owns everything on the target.';
  return html`<h3>Owners and grants</h3><p>${says}</p>`;
}

function writersOf({ writes }: MigrationReport, { entries }: Limits): Html {
  if (writes.length === 0)
    return html`<h3>Writes of the application</h3>${said('Nobody measured this: only a rehearsal has writers of its own, whose writes can be counted.')}`;
  const table = tableOf({
    caption: 'Writes that a database acknowledged, and what became of them',
    columns: [{ head: 'Execution' }, ...['Pause', 'Acknowledged', 'Lost', 'Duplicated'].map((head) => ({ head, kind: 'number' as const }))],
    rows: writes
      .slice(-entries)
      .map(({ execution, pauseMs, acknowledged, lost, duplicated }) => [
        nameOf(execution),
        numberOf(pauseMs, 'milliseconds', 'nobody measured'),
        numberOf(acknowledged, 'count'),
        ...[lost, duplicated].map((count) =>
          count !== null && count > 0 ? badge(countInWords(count), 'red') : numberOf(count, 'count', 'nobody counted'),
        ),
      ]),
  });
  return html`<h3>Writes of the application</h3>${table}`;
}

export const proofSection = (report: MigrationReport, limits: Limits): Html =>
  sectionOf({
    id: 'proof',
    title: 'What was proved',
    newPage: true,
    content: [
      comparisonOf(report, limits),
      sequencesOf(report, limits),
      indexesOf(report, limits),
      accessOf(report),
      writersOf(report, limits),
    ],
  });
