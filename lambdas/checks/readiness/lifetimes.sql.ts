/** Expiry of our logins (`valid until`). */
import { REPLICATION_ROLE } from '../../config/names.ts';
import type { Statement } from '../../ports/database.ts';
import { bound } from '../../postgres/quote.ts';

export interface EndingLogin {
  readonly role: string;
  /** In UTC. */
  readonly until: string;
  /** From now; 0 and less where it is over. */
  readonly hours: number;
}

/** Expiry of the role that logged in and of the replication role, where they have one. A role that we act as needs no login. */
export const endingLogins = (): Statement<EndingLogin> =>
  bound([REPLICATION_ROLE])(`
select rolname::text as role, to_char(rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as until,
  (extract(epoch from rolvaliduntil - clock_timestamp()) / 3600)::float8 as hours
from pg_roles
where rolname in (session_user, $1::name) and isfinite(rolvaliduntil)
order by rolname
`);
