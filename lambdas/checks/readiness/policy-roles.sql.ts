/** Roles that policies are for. */
import type { Exclusions } from '../../config/input.ts';
import type { Statement } from '../../ports/database.ts';
import { bound, statement } from '../../postgres/quote.ts';
import { exclusions, INCLUDED_TABLE } from '../../postgres/tables.sql.ts';

export interface PolicyRole {
  readonly role: string;
  /** The first few policies for it, as messages name them. */
  readonly policies: string;
  /** SQL for the operator to run where it is missing. */
  readonly make: string;
}

const SHOWN = 3;

export const policyRoles = (input: Exclusions): Statement<PolicyRole> =>
  bound(exclusions(input))(`
select r.rolname::text as role, format('create role %I nologin;', r.rolname) as make,
  array_to_string((array_agg(format('%I on %I.%I', o.polname, n.nspname, c.relname) order by n.nspname, c.relname, o.polname))[1:${SHOWN}], ', ')
    || case when count(*) > ${SHOWN} then format(' and %s more', count(*) - ${SHOWN}) else '' end as policies
from pg_policy as o
join pg_class as c on c.oid = o.polrelid
join pg_namespace as n on n.oid = c.relnamespace
join pg_roles as r on r.oid = any (o.polroles)
where ${INCLUDED_TABLE}
group by r.rolname
order by r.rolname
`);

export const rolesThere = (names: readonly string[]): Statement<{ readonly role: string }> =>
  statement('select rolname::text as role from pg_roles where rolname = any ($1::text[])', [names]);
