/** The message when the target refuses part of the schema. */
import { SchemaCopyFailed } from '../../config/errors.ts';
import { atMost } from '../../config/listing.ts';
import { withCode } from '../../postgres/server-words.ts';
import { INSUFFICIENT_PRIVILEGE, OUT_OF_MEMORY } from '../../postgres/sqlstates.ts';
import type { Refusal } from './apply.ts';
import type { DumpEntry } from './statements.ts';

/** Remedies, by the server's SQLSTATE. */
const REMEDIES: Readonly<Record<string, string>> = {
  [INSUFFICIENT_PRIVILEGE]: 'Have the object made on the target beforehand or the right granted to the target role, or exclude it.',
  [OUT_OF_MEMORY]:
    'The whole schema is one transaction, which locks each of its tables and indexes: raise max_locks_per_transaction on the target.',
};
/** Whatever the code: some extensions are offered by the server and refused all the same (https://planetscale.com/docs/postgres/extensions). */
const EXTENSION =
  'Enable the extension in PlanetScale (Clusters → Extensions; some restart the cluster), or have it created on the target beforehand by a role ' +
  'that may: one that is there is kept. If PlanetScale does not have it, drop it and what depends on it from the source.';
const REPAIR = 'Repair or drop the object on the source, or exclude it with excludeSchemas or excludeTables.';

export const nameEntry = (entry: DumpEntry | undefined): string => {
  if (!entry) return 'a setting at the top of the dump';
  return `${entry.type} ${entry.name}${entry.schema === '-' ? '' : ` in schema ${entry.schema}`}`;
};

const MOST_TOLD = 20;
const few = (texts: readonly string[], between: string): string => atMost(MOST_TOLD, texts).join(between);

const remedyOf = ({ statement: { entry }, error }: Refusal): string =>
  entry?.type === 'EXTENSION' ? EXTENSION : (REMEDIES[error.complaint.code ?? ''] ?? REPAIR);

function tell({ statement: { entry }, error: { message, complaint } }: Refusal): string {
  const hint = complaint.hint ? ` Hint of the server: ${complaint.hint}` : '';
  return `${nameEntry(entry)}: ${withCode(message, complaint.code)}.${hint}`;
}

/** Everything at once. @param left what would have stayed behind without harm, for which some of the others may have been refused */
export function refused(refusals: readonly Refusal[], left: readonly string[]): SchemaCopyFailed {
  const beside =
    left.length > 0
      ? ` Tables do without these, which would stay behind, and some of the above may need them: ${few(left, '; ')}.` +
        ' A table that needs one of them has to do without on the source first, or to be excluded.'
      : '';
  return new SchemaCopyFailed(
    `The target refused ${few(refusals.map(tell), ' And ')}${beside} The transaction was rolled back, so the target is ` +
      `as it was. ${[...new Set(refusals.map(remedyOf))].join(' ')} Then start again.`,
    { cause: refusals[0]?.error },
  );
}
