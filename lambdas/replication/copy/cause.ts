/**
 * The cause of changes or copies that fail on the target, as far as both catalogs show. The error message is in the target's log, which no
 * SQL reads there; what the target lacks, what is of another type, and what runs for each row can be seen from outside.
 */
import type { Exclusions, TableName } from '../../config/input.ts';
import { atMost } from '../../config/listing.ts';
import { keyOf, named } from '../../config/tables.ts';
import type { Reader } from '../../ports/database.ts';
import { type ColumnDrift, columnDrift, driftInWords } from '../../schema/column-drift.ts';
import { type Column, columnsOf } from '../../schema/table-columns.sql.ts';
import { conflictsCounted, runsForEachRow } from '../stream-failures.sql.ts';
import { type Failures, failuresCounted } from './failures.ts';

export interface Cause {
  /** Objects that the schema of the target lacks for the stream to go on, with the remedy; undefined where that is not the cause. */
  readonly drift: string | undefined;
  readonly cause: string;
  readonly remedy: string;
}

/** The differences that keep a change from being applied: a column that only the target has does so only if it must not be empty. */
const inTheWay = ({ absent, added, gone }: ColumnDrift, published: readonly TableName[]): ColumnDrift => {
  const keys = new Set(published.map(keyOf));
  return { absent: absent.filter((table) => keys.has(keyOf(table))), added, gone: gone.filter(({ required }) => required) };
};

/** The part of `numeric(10,2)` in parentheses. */
const sizeOf = ({ type }: Column): string => /\(([^()]*)\)/.exec(type)?.[1] ?? '';

/** Types by their names alone: an extension may stand in another schema. */
function otherTypes(here: readonly Column[], there: readonly Column[]): string[] {
  const keyOfColumn = (column: Column): string => JSON.stringify([column.schema, column.table, column.column]);
  const known = new Map(there.map((column) => [keyOfColumn(column), column]));
  return here.flatMap((column) => {
    const other = known.get(keyOfColumn(column));
    const name = `${column.schema}.${column.table}.${column.column}`;
    if (other && other.generated !== column.generated) return [`${name} is generated on one side only`];
    return other && (other.typeName !== column.typeName || sizeOf(other) !== sizeOf(column))
      ? [`${name} is ${column.type} on the source and ${other.type} on the target`]
      : [];
  });
}

/** At most so many tables are compared one by one. */
const MOST_TABLES = 1_000;
const MOST_SHOWN = 10;
const shown = (texts: readonly string[]): string => atMost(MOST_SHOWN, texts).join('; ');

/** @param published what is sent; @param failures of which something is to be explained */
export async function causeOf(
  source: Reader,
  target: Reader,
  subscription: string,
  published: readonly TableName[],
  excluding: Exclusions,
  failures: Failures,
): Promise<Cause> {
  const drift = inTheWay(await columnDrift(source, target, excluding), published);
  const { suspects } = failures;
  const applies = failures.apply > failures.applyThen;
  const looked = (suspects.length > 0 ? suspects : published).slice(0, MOST_TABLES);
  const types = otherTypes(await source.query(columnsOf(looked)), await target.query(columnsOf(looked)));
  const [conflicts] = await target.query(conflictsCounted(subscription));
  const runs = suspects.length > 0 ? (await target.query(runsForEachRow(suspects))).map(({ what }) => what) : [];
  const what = [
    ...(suspects.length > 0 ? [`the copy of ${named(suspects)} fails again and again on the target`] : []),
    ...(applies || suspects.length === 0 ? ['the target refuses a change that comes with the stream, again and again'] : []),
  ].join(', and ');
  const seconds = Math.round((failures.at - failures.since) / 1000);
  const reasons = [
    ...(types.length > 0 ? [`a type is another one: ${shown(types)}`] : []),
    ...(conflicts && conflicts.rows > 0 ? [`${conflicts.rows} rows that came were on the target already, or their unique keys`] : []),
    ...(runs.length > 0 ? [`for each row the target runs code of yours, which may fail there: ${shown(runs)}`] : []),
  ];
  return {
    drift: await driftInWords(source, target, drift),
    cause: `${what} (${failuresCounted(failures)} errors in ${seconds} s, without a restart of either server)${reasons.length > 0 ? `; ${reasons.join('; ')}` : ''}`,
    remedy:
      `The last lines of the target's log say which row and why${reasons.length > 0 ? '' : ': a constraint, a rule or a trigger of its own, a full disk, a value that its version does not read'}. ` +
      'Mend that on the target; what waits is then taken in by itself.',
  };
}
