/** Sessions whose locks keep ours waiting, in whatever database of the server they are. */
import { applicationName } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { statement } from './quote.ts';

/**
 * Sessions `holder` of others whose locks a session of ours in this database waits for. A prepared transaction has no session, and is not
 * among them.
 */
const HOLDERS = `
from pg_catalog.pg_stat_activity as waiting
cross join lateral unnest(pg_catalog.pg_blocking_pids(waiting.pid)) as blocking (pid)
join pg_catalog.pg_stat_activity as holder on holder.pid = blocking.pid
where waiting.datname = current_database() and waiting.usename = current_user
  and starts_with(waiting.application_name, '${applicationName('')}')
  and not (holder.usename is not distinct from current_user and starts_with(holder.application_name, '${applicationName('')}'))`;

export const lockHolders = (): Statement<{ readonly holder: string }> =>
  statement(`
select distinct format('pid %s of %s in the database %s (%s)', holder.pid, coalesce(holder.usename, 'no role'), coalesce(holder.datname, 'none'),
  coalesce(nullif(holder.application_name, ''), 'no application name')) as holder ${HOLDERS}
order by holder
`);

/** Ends them, as far as we may, with `one` as a variable of the block: a superuser's is passed over. */
export const END_HOLDERS = `
    perform pg_stat_clear_snapshot();
    for one in select distinct holder.pid ${HOLDERS}
    loop
      begin
        perform pg_catalog.pg_terminate_backend(one.pid);
      exception when insufficient_privilege then null;
      end;
    end loop;`;

export const endLockHolders = (): Statement =>
  statement(`
do $do$
declare
  one record;
begin${END_HOLDERS}
end
$do$
`);
