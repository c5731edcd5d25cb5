/**
 * Jobs of pg_cron, from its version 1.3 on. Its table is the user's configuration; a policy shows each job to its own role only
 * (pg_cron--1.0.sql); a role that may not write the table changes its own jobs by functions
 * (https://github.com/citusdata/pg_cron#readme, https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/PostgreSQL_pg_cron.html).
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';

/** Condition for a table of jobs that we may read. By catalog, because a name in a schema that we may not use is an error. */
const READABLE = `
  select c.oid from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = 'cron' and c.relname = 'job' and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`;
const IS_HERE = `exists (select from pg_extension where extname = 'pg_cron')`;

/** Whether there are jobs here that we may read. */
export const cronExists = (): Statement<{ readonly exists: boolean }> =>
  statement(`
select ${IS_HERE} and exists (
  select from pg_attribute as a
  where a.attrelid in (${READABLE}) and a.attname in ('active', 'jobname') having count(*) = 2
) as exists
`);

/** Whether pg_cron is here, but we may not read its jobs. */
export const cronIsClosed = (): Statement<{ readonly closed: boolean }> =>
  statement(`select ${IS_HERE} and not exists (${READABLE}) as closed`);

/** Rights on jobs of the role that we act as. */
export interface CronRights {
  /** The role. */
  readonly user: string;
  /** Whether only that role's own jobs are seen. */
  readonly limited: boolean;
  readonly inserts: boolean;
  readonly updates: boolean;
  /** Whether it may call `cron.schedule_in_database` that makes a job inactive. */
  readonly schedules: boolean;
  /** Whether it may call `cron.alter_job`. */
  readonly alters: boolean;
}

const mayCall = (name: string): string => `exists (
    select from pg_proc as p
    where p.pronamespace = 'cron'::regnamespace and p.proname = '${name}' and 'active' = any (p.proargnames)
      and has_function_privilege(p.oid, 'execute'))`;

export const cronRights = (): Statement<CronRights> =>
  statement(`
select current_user::text as "user", row_security_active('cron.job') as limited,
  has_table_privilege('cron.job', 'insert') and has_sequence_privilege('cron.jobid_seq', 'usage, update') as inserts,
  has_table_privilege('cron.job', 'update') as updates,
  ${mayCall('schedule_in_database')} as schedules, ${mayCall('alter_job')} as alters
`);

/** A job that runs in this database. */
export interface Job {
  readonly id: string;
  readonly name: string | null;
  readonly schedule: string;
  readonly command: string;
  readonly username: string;
  readonly active: boolean;
}

/** Objects named `pscale_…` belong to PlanetScale. */
const OF_THE_USER = `coalesce(j.jobname::text, '') !~ '^pscale_'`;

export const jobsHere = (): Statement<Job> =>
  statement(`
select j.jobid::text as id, j.jobname::text as name, j.schedule, j.command, j.username::text as username, j.active
from cron.job as j
where j.database = current_database() and ${OF_THE_USER}
order by j.jobid
`);

/** Jobs that pg_cron of this database runs in others. */
export const jobsElsewhere = (): Statement<{ readonly database: string; readonly count: number }> =>
  statement(`
select j.database::text as database, count(*)::int as count
from cron.job as j
where j.database <> current_database() and ${OF_THE_USER}
group by 1 order by 1
`);

export const rolesNamed = (names: readonly string[]): Statement<{ readonly name: string }> =>
  statement('select rolname::text as name from pg_roles where rolname = any ($1::text[])', [[...names]]);

/** The database in which pg_cron keeps its jobs; no row where it is not loaded, or where we may not know. */
export const cronDatabase = (): Statement<{ readonly database: string }> =>
  statement(`
select s.setting as database from pg_settings as s where s.name = 'cron.database_name'
union
select a.datname::text from pg_stat_activity as a where a.backend_type = 'pg_cron launcher' and a.datname is not null
limit 1
`);

/** Values of a job that is to be made. */
export type NewJob = Omit<Job, 'id' | 'active'>;

/** Host and port are those that pg_cron's own functions would use. */
export const insertJob = ({ name, schedule, command, username }: NewJob): Statement =>
  bound([schedule, command, username, name])(`
insert into cron.job (schedule, command, nodename, nodeport, database, username, active, jobname)
values ($1::text, $2::text, coalesce((select s.setting from pg_settings as s where s.name = 'cron.host'), 'localhost'),
  current_setting('port')::int, current_database(), $3::text, false, $4::text)
`);

/** As our own role, enabled, and without a name, which the other function asks for: to be disabled before the transaction ends. */
export const scheduleUnnamedJob = ({ schedule, command }: NewJob): Statement<{ readonly id: string }> =>
  statement('select cron.schedule(schedule => $1::text, command => $2::text)::text as id', [schedule, command]);

/** As our own role. */
export const scheduleJob = ({ name, schedule, command }: NewJob): Statement =>
  bound([name, schedule, command])(`
select cron.schedule_in_database(job_name => $1::text, schedule => $2::text, command => $3::text,
  database => current_database()::text, active => false)
`);

export const updateJob = (id: string, { schedule, command }: Pick<Job, 'schedule' | 'command'>): Statement =>
  statement('update cron.job set schedule = $2::text, command = $3::text where jobid = $1::int8', [id, schedule, command]);

export const alterJob = (id: string, { schedule, command }: Pick<Job, 'schedule' | 'command'>): Statement =>
  statement('select cron.alter_job(job_id => $1::int8, schedule => $2::text, command => $3::text)', [id, schedule, command]);

export const setJobActive = (id: string, active: boolean): Statement =>
  statement('update cron.job set active = $2::boolean where jobid = $1::int8', [id, active]);

export const alterJobActive = (id: string, active: boolean): Statement =>
  statement('select cron.alter_job(job_id => $1::int8, active => $2::boolean)', [id, active]);
