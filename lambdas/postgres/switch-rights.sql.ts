/** Rights of the connected role to fence a database, beside those that `rights.sql.ts` asks for. Memberships count. */
import type { Statement } from '../ports/database.ts';
import { statement } from './quote.ts';
import type { OwnedObject } from './rights.sql.ts';

export interface SwitchRights {
  /** May change the settings and the privileges of the database. */
  readonly ownsDatabase: boolean;
  /** May end the sessions of every role but superusers. */
  readonly signals: boolean;
  /** RDS: may do much of what a superuser may. */
  readonly isRdsSuperuser: boolean;
}

export const switchRights = (): Statement<SwitchRights> =>
  statement(`
select pg_has_role(d.datdba, 'usage') as "ownsDatabase", pg_has_role('pg_signal_backend', 'usage') as signals,
  exists (select from pg_roles as g where g.rolname = 'rds_superuser' and pg_has_role(g.oid, 'usage')) as "isRdsSuperuser"
from pg_database as d
where d.datname = current_database()
`);

/** Those of these tables that neither we nor a role whose rights we have owns. `tables` is JSON. */
export const tablesNotOwned = (tables: string): Statement<OwnedObject> =>
  statement(
    `
select format('%I.%I', n.nspname, c.relname) as object, pg_get_userbyid(c.relowner)::text as owner
from jsonb_to_recordset($1::jsonb) as wanted ("schema" text, "table" text)
join pg_namespace as n on n.nspname = wanted."schema"
join pg_class as c on c.relnamespace = n.oid and c.relname = wanted."table"
where not pg_has_role(c.relowner, 'usage')
order by object
`,
    [tables],
  );
