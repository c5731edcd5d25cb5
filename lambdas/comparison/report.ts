/** The message about tables that differ. */
import { ROWS_REPORTED } from './outcome.ts';
import type { Progress, TableDifference } from './progress.ts';

const KINDS = { missing: 'missing on the target', extra: 'only on the target', changed: 'different' } as const;

function tableReport({ schema, table, reason, rows }: TableDifference): string {
  const details = rows.map(({ key, kind, columns }) => `${key} (${KINDS[kind]}${columns.length > 0 ? `: ${columns.join(', ')}` : ''})`);
  return `"${schema}"."${table}": ${[...(reason ? [reason] : []), ...details].join('; ')}`;
}

/** Characters. The rest of the limit of a message is for escapes and for the sentences around the list: the remedy comes after it. */
const LONGEST_LIST = 20_000;

/** As many tables as fit, then how many more there are. */
function listed(different: readonly TableDifference[], more: number): string {
  const reports: string[] = [];
  let length = 0;
  for (const report of different.map(tableReport)) {
    length += report.length;
    if (length > LONGEST_LIST) break;
    reports.push(report);
  }
  const left = different.length - reports.length + more;
  return [...reports, ...(left > 0 ? [`And ${left} more tables`] : [])].join('. ');
}

export const differenceMessage = ({ different, moreDifferent, rows, tables }: Progress): string =>
  `${different.length + moreDifferent} of ${tables} tables differ between source and target; ${rows} rows were compared. Each row listed was ` +
  `confirmed value by value after the target had caught up, and at most ${ROWS_REPORTED} of a table are listed. ${listed(different, moreDifferent)}. ` +
  'Nothing was changed on either side, and the application is still served by the source. Find out what wrote to the target or kept ' +
  'changes from it (a trigger, a job, a person, a skipped transaction), put these rows right on the target or copy their tables anew, ' +
  'then start again.';
