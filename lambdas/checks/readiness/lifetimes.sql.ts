/** Until when our logins may log in (`valid until`). */
import { REPLICATION_ROLE } from '../../config/names.ts';
import type { Statement } from '../../ports/database.ts';
import { statement } from '../../postgres/quote.ts';

export interface EndingLogin {
  readonly role: string;
  /** In UTC. */
  readonly until: string;
  /** From now; 0 and less where it is over. */
  readonly hours: number;
}

/** Of the role that logged in and of the one that streams, as far as they have an end. A role as which we act needs no login. */
export const endingLogins = (): Statement<EndingLogin> =>
  statement(
    `
select rolname::text as role, to_char(rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as until,
  (extract(epoch from rolvaliduntil - clock_timestamp()) / 3600)::float8 as hours
from pg_roles
where rolname in (session_user, $1::name) and isfinite(rolvaliduntil)
order by rolname
`,
    [REPLICATION_ROLE],
  );
