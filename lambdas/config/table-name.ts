/** The name of a table, and how an input writes it. */
import { nameProblem, type Parse, Problem, show } from './parsing.ts';

/** A table by its real names, without quoting. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** `schema.table`, each part plain or in double quotes, a double quote inside doubled, as SQL writes it. */
const QUALIFIED = /^("(?:[^"]|"")+"|[^".]+)\.("(?:[^"]|"")+"|[^".]+)$/u;
const unquote = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);

/** `schema.table` or `"schema"."table"` → the names without quoting. */
export const tableName: Parse<TableName> = (value) => {
  const parts = typeof value === 'string' ? QUALIFIED.exec(value) : null;
  if (!parts) {
    return new Problem(`names ${show(value)}, which is not schema.table; put parts that hold a dot or a quote in double quotes.`);
  }
  const [schema = '', table = ''] = parts.slice(1).map(unquote);
  const problem = nameProblem(schema) ?? nameProblem(table);
  return problem ? new Problem(`names ${show(value)}, which ${problem}`) : { schema, table };
};
