/** Predefined roles of the target that we, or a role as which we may act, may pass on. */
import type { Statement } from '../../ports/database.ts';
import { within } from '../../postgres/acting-role.sql.ts';
import { statement } from '../../postgres/quote.ts';

export const rolesToPassOn = (names: readonly string[]): Statement<{ readonly name: string }> =>
  statement(
    `select t.rolname::text as name from pg_roles as t where t.rolname = any ($1::text[])
      and ${within("r.rolsuper or pg_has_role(r.oid, t.oid, 'member with admin option')")}`,
    [[...names]],
  );
