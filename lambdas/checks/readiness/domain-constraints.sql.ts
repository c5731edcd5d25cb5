/** Constraints of domains. */
import type { MigrationInput } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, USER_SCHEMA } from '../../postgres/quote.ts';

export interface DomainConstraint {
  /** The constraint and its domain, as SQL writes them. */
  readonly object: string;
  /** SQL for the operator to run. */
  readonly validate: string;
}

export const unvalidatedDomainConstraints = (input: Pick<MigrationInput, 'excludeSchemas'>): Statement<DomainConstraint> =>
  bound([[...input.excludeSchemas]])(`
select format('%I of %I.%I', k.conname, n.nspname, t.typname) as object,
  format('alter domain %I.%I validate constraint %I;', n.nspname, t.typname, k.conname) as validate
from pg_constraint as k
join pg_type as t on t.oid = k.contypid
join pg_namespace as n on n.oid = t.typnamespace
where k.contypid <> 0 and not k.convalidated and ${USER_SCHEMA} and n.nspname <> all ($1::text[])
  and not exists (select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
order by object
`);
