/**
 * Extensions that no server here has, as far as the catalogs and their tables go: an extension of the server's own under another name, with
 * tables that the superuser owns. Run as the superuser, on either side.
 */

const asExtension = (
  name: string,
  members: readonly string[],
  marked: readonly (readonly [object: string, condition: string])[],
): string => `
create extension intagg schema pg_catalog;
${members.map((member) => `alter extension intagg add ${member};`).join('\n')}
update pg_extension set extname = '${name}',
  extconfig = array[${marked.map(([object]) => `'${object}'::regclass::oid`).join(', ')}],
  extcondition = array[${marked.map(([, condition]) => `'${condition}'`).join(', ')}]::text[]
where extname = 'intagg';
`;

/** What pg_cron 1.6 makes, with its policy, rights and permission checks; the launcher is not there. */
export const pgCron = (): string => `
create schema cron;
grant usage on schema cron to public;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;
create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'), schedule text not null, command text not null,
  nodename text not null default 'localhost', nodeport int not null default inet_server_port(),
  database text not null default current_database(), username text not null default current_user,
  active boolean not null default true, jobname text, unique (jobname, username)
);
create table cron.job_run_details (runid bigint primary key default nextval('cron.runid_seq'), jobid bigint, username text);
create table cron.invalidations (at timestamptz);
grant select on cron.job, cron.job_run_details to public;
grant select on sequence cron.jobid_seq, cron.runid_seq to public;
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
create function cron.job_cache_invalidate() returns trigger language plpgsql security definer as
  'begin insert into cron.invalidations values (now()); return null; end';
create trigger cron_job_cache_invalidate after insert or update or delete or truncate on cron.job
  for statement execute procedure cron.job_cache_invalidate();
create function cron.do_schedule(caller name, job_name text, schedule text, command text, database text, active boolean)
  returns bigint language sql security definer as $$
  insert into cron.job (jobname, schedule, command, database, username, active)
  values (job_name, schedule, command, database, caller, active) returning jobid $$;
create function cron.schedule_in_database(job_name text, schedule text, command text, database text, username text default null,
  active boolean default true) returns bigint language plpgsql as $$
begin
  if username is not null and username <> current_user then raise exception 'must be superuser to create a job for another role'; end if;
  return cron.do_schedule(current_user, job_name, schedule, command, database, active);
end $$;
create function cron.schedule(schedule text, command text) returns bigint language plpgsql as $$
begin return cron.do_schedule(current_user, null, schedule, command, current_database(), true); end $$;
create function cron.do_alter(caller name, id bigint, new_schedule text, new_command text, new_active boolean)
  returns void language plpgsql security definer as $$
begin
  update cron.job set schedule = coalesce(new_schedule, schedule), command = coalesce(new_command, command), active = coalesce(new_active, active)
  where jobid = id and username = caller;
  if not found then raise exception 'Job % does not exist or you don''t own it', id; end if;
end $$;
create function cron.alter_job(job_id bigint, schedule text default null, command text default null, database text default null,
  username text default null, active boolean default null) returns void language plpgsql as $$
begin perform cron.do_alter(current_user, job_id, alter_job.schedule, alter_job.command, alter_job.active); end $$;
${asExtension(
  'pg_cron',
  [
    ...['schema cron', 'table cron.job', 'table cron.job_run_details', 'table cron.invalidations'],
    ...['sequence cron.jobid_seq', 'sequence cron.runid_seq', 'function cron.job_cache_invalidate()'],
  ],
  [
    ['cron.job', ''],
    ['cron.jobid_seq', ''],
    ['cron.job_run_details', ''],
    ['cron.runid_seq', ''],
  ],
)}`;

/** In the manner of pg_partman's tables: one refers to the other, defaults, json, and a condition that leaves the extension's own rows out. */
export const partman = (condition = "where owner <> ''own''"): string => `
create schema partman;
create sequence partman.config_seq;
create table partman."part config" (
  parent text primary key, owner text not null default 'user', retention interval, options jsonb, names text[], last_run timestamptz
);
create table partman.sub (parent text references partman."part config", note text);
create table partman.log (line text);
insert into partman."part config" (parent, owner) values ('the extension''s', 'own');
${asExtension(
  'pg_partman',
  ['schema partman', 'table partman."part config"', 'table partman.sub', 'table partman.log', 'sequence partman.config_seq'],
  [
    ['partman."part config"', condition],
    ['partman.sub', ''],
    ['partman.config_seq', ''],
  ],
)}`;
