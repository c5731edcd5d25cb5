/** Disk space. */
import type { Statement } from '../contract.ts';
import type { MigrationInput } from '../input.ts';
import { statement } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.ts';

/** Bytes of the indexes of all published tables. */
export const indexBytes = (input: Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>): Statement<{ bytes: number }> =>
  statement(
    `
select coalesce(sum(pg_indexes_size(c.oid)), 0)::float8 as bytes
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence = 'p' and ${INCLUDED_TABLE}
`,
    exclusions(input),
  );
