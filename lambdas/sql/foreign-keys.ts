/** Foreign keys of the user, as the source's catalog tells of them. */
import type { Statement } from '../contract.ts';
import type { MigrationInput } from '../input.ts';
import { statement } from './quote.ts';
import { exclusions, INCLUDED_TABLE } from './tables.ts';

export interface ForeignKey {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

/** Foreign keys that refer to a table which stays behind. Tables of extensions are the extension's, so they are there. */
export const foreignKeysToExcluded = (input: Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>): Statement<ForeignKey> =>
  statement(
    `
select kn.nspname::text as schema, kc.relname::text as table, k.conname::text as name
from pg_constraint as k
join pg_class as kc on kc.oid = k.conrelid
join pg_namespace as kn on kn.oid = kc.relnamespace
join pg_class as c on c.oid = k.confrelid
join pg_namespace as n on n.oid = c.relnamespace
where k.contype = 'f'
and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
and not (${INCLUDED_TABLE})
order by schema, "table", name
`,
    exclusions(input),
  );
