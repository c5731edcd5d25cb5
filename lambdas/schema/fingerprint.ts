/** Whether the schema is still the one that was copied, on either side. */
import type { Reader } from '../contract.ts';
import type { Difference } from './differences.ts';

/** What changed on each side since the copy; nothing can be said of a side that was not recorded. */
export interface SchemaDifferences {
  readonly source: Difference[];
  readonly target: Difference[];
  /** False where the side has no record: BuildIndexes is not finished, or an earlier version of this tool began the migration. */
  readonly recorded: { readonly source: boolean; readonly target: boolean };
}

/** Uses the exclusions that were recorded with the copy. */
export async function schemaDifferences(source: Reader, target: Reader): Promise<SchemaDifferences> {
  throw new Error(`The schemas of ${source.endpoint.database} and ${target.endpoint.database} cannot be compared before their tables are.`);
}
