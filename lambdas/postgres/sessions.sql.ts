/** Settings and locks of one connection. */
import { applicationName, SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from './quote.ts';

/** Begin and end of a transaction, as scripts. */
export const BEGIN = 'begin';
export const COMMIT = 'commit';
export const ROLLBACK = 'rollback';

/** Takes a lock of our own for as long as the connection lives, if no session holds it. */
export const lock = (name: string): Statement<{ taken: boolean }> =>
  statement(`select pg_try_advisory_lock(hashtextextended('${SCHEMA}.' || $1::text, 0)) as taken`, [name]);

/** Ends the sessions of ours that hold it: their functions are not waited for any more. */
export const endHolders = (name: string): Statement =>
  bound([name])(`
select pg_terminate_backend(l.pid)
from pg_locks as l
join pg_stat_activity as a on a.pid = l.pid and a.usename = current_user
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid <> pg_backend_pid()
  and l.database = (select oid from pg_database where datname = current_database())
  and (l.classid::int8 << 32) | l.objid::int8 = hashtextextended('${SCHEMA}.' || $1::text, 0)
`);

export const setLockTimeout = (milliseconds: number): Statement =>
  statement(`select set_config('lock_timeout', $1::text, false)`, [`${Math.round(milliseconds)}ms`]);

/** Sleeps and then acts, as one text, so that it happens at the server even if the client is gone. */
export const actLater = (seconds: number, action: Statement): Statement => statement(`select pg_sleep(${seconds});\n${action.text}`);

export const setStatementTimeout = (milliseconds: number): Statement =>
  statement(`select set_config('statement_timeout', $1::text, false)`, [`${Math.round(milliseconds)}ms`]);

/** Until the transaction ends. */
export const limitStatements = (milliseconds: number): Statement =>
  statement(`select set_config('statement_timeout', $1::text, true)`, [`${Math.round(milliseconds)}ms`]);

/**
 * Ends the sessions that visits of other steps left running on the server: a statement goes on when its client has gone, and holds its
 * locks. Only for a machine beside which no other acting one runs; a readiness check that runs meanwhile is tried again.
 */
export const endOtherSteps = (step: string): Statement =>
  bound([applicationName(''), applicationName(step)])(`
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and usename = current_user
  and starts_with(application_name, $1::text) and not starts_with(application_name, $2::text)
`);
