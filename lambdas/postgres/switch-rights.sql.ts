/** Rights of the connected role to fence a database, beside those that `rights.sql.ts` asks for. Memberships count. */
import type { Statement } from '../ports/database.ts';
import { statement } from './quote.ts';

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
