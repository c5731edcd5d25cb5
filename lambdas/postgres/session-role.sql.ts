/** Whether triggers and rules fire in a session of ours as they do in every other: the one setting that we need and may not set. */
import type { Statement } from '../ports/database.ts';
import { statement } from './quote.ts';

export interface SessionRole {
  /** `origin` unless it was set. */
  readonly value: string;
  /** Statements that reset it; none where the server's own configuration says it. */
  readonly remedies: readonly string[];
}

export const sessionRole = (): Statement<SessionRole> =>
  statement(`
select current_setting('session_replication_role') as value, coalesce((
  select json_agg(case
      when s.setrole = 0 then format('alter database %I reset session_replication_role;', current_database())
      when s.setdatabase = 0 then format('alter role %I reset session_replication_role;', r.rolname)
      else format('alter role %I in database %I reset session_replication_role;', r.rolname, current_database()) end)
  from pg_db_role_setting as s
  left join pg_roles as r on r.oid = s.setrole
  where (s.setrole = 0 or r.rolname = session_user)
    and (s.setdatabase = 0 or s.setdatabase = (select oid from pg_database where datname = current_database()))
    and exists (select from unnest(s.setconfig) as entry where starts_with(entry, 'session_replication_role='))
), '[]') as remedies
`);
