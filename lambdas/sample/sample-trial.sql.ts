/**
 * Statements at the target on rows that are tried. A transaction begins by truncating, so that what is written goes into new files, and
 * ends by being rolled back: then neither a row nor a page is left, and a table that was not empty after all is as it was.
 */
import type { TableName } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, qualified, statement } from '../postgres/quote.ts';
import type { Expression, SampledTable } from './sample-tables.sql.ts';

/** Path and format as apply workers have them; the format is that of every session of ours. */
export const beginTrial = (): Statement => statement('begin');
export const asApplyWorker = (timeoutMs: number): Statement =>
  statement(`set local search_path = ''; set local statement_timeout = ${timeoutMs}`);
export const rollBackTrial = (): Statement => statement('rollback');
export const saveTrial = (): Statement => statement('savepoint one');
export const backToSaved = (): Statement => statement('rollback to one');

export const emptyForTrial = (tables: readonly TableName[]): Statement =>
  statement(`truncate only ${tables.map(({ schema, table }) => qualified(schema, table)).join(', only ')}`);

/** Parameters take the types of their columns, and text is read by the input functions of these, as a stream has it. */
export const insertSample = ({ schema, table, columns }: SampledTable, rows: readonly (readonly (string | null)[])[]): Statement =>
  bound(rows.flat())(
    `insert into ${qualified(schema, table)} (${columns.map(identifier).join(', ')}) overriding system value values ${rows
      .map((_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(', ')})`)
      .join(', ')}`,
  );

/** Parameters that one statement may have, as the protocol counts them. */
export const MOST_PARAMETERS = 65_535;

const evaluated = ({ kind, text, predicate, column }: Expression): string => {
  if (kind === 'valid check') return `coalesce(bool_and(${text}), true)`;
  const value =
    kind === 'domain' || kind === 'valid domain' ? `(select (${text}) from (select ${identifier(column ?? '')} as value) as v)` : text;
  if (kind === 'valid domain') return `coalesce(bool_and(${value}), true)`;
  return `count(num_nulls(${value})) ${predicate === null ? '' : `filter (where ${predicate}) `}>= 0`;
};

/** One row, of which each column is true where an expression has no objection to any row of the table. */
export const evaluateExpressions = ({ schema, table }: TableName, expressions: readonly Expression[]): Statement<Record<string, boolean>> =>
  statement(`select ${expressions.map((one, at) => `${evaluated(one)} as e${at}`).join(', ')} from only ${qualified(schema, table)}`);

/** Every column of every row that the view would have, of these rows. */
export const evaluateView = (definition: string): Statement =>
  statement(`select count(q) from (select * from (${definition.trim().replace(/;$/, '')}) as v offset 0) as q`);
