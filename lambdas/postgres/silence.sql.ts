/**
 * Settings that record texts and bound values of statements: of the server's log, and of extensions. Around a statement with a secret each is
 * switched off, for the transaction; where that is refused it stays as it is, and CheckReadiness says beforehand that it will.
 */
import type { Statement } from '../ports/database.ts';
import { bound, identifier, statement } from './quote.ts';

/** [name, value with which it keeps quiet]. What a server does not know is passed over. */
const SETTINGS = [
  ['log_statement', 'none'],
  ['log_duration', 'off'],
  ['log_min_duration_statement', '-1'],
  ['log_min_duration_sample', '-1'], // 13 and newer
  ['log_statement_sample_rate', '0'], // 13 and newer
  ['log_transaction_sample_rate', '0'], // 12 and newer
  ['log_parameter_max_length', '0'], // 13 and newer
  ['log_parameter_max_length_on_error', '0'], // 13 and newer; a failed statement's values would stand in its context
  ['log_min_error_statement', 'panic'],
  ['log_min_messages', 'fatal'], // whatever is said inside a function is logged together with the statement inside it
  ['log_error_verbosity', 'terse'],
  ['debug_print_parse', 'off'], // trees of a statement, with every constant in them
  ['debug_print_rewritten', 'off'],
  ['debug_print_plan', 'off'],
  ['debug_print_raw_parse', 'off'], // 18 and newer
  ['pg_stat_statements.track', 'none'], // with `all` it keeps the texts of utility statements inside functions, constants included
  ['pg_stat_monitor.pgsm_track', 'none'],
  ['auto_explain.log_min_duration', '-1'], // its plans show bound values
  ['auto_explain.log_parameter_max_length', '0'],
  ['pgaudit.log', 'none'],
  ['pgaudit.log_parameter', 'off'],
  ['apg_plan_mgmt.capture_plan_baselines', 'off'], // Aurora's
] as const;

/**
 * Only what the server knows: a setting of a library that is not loaded would be made up by being set. Superusers may change most of these,
 * and roles to whom it was granted, from version 15 on.
 */
export const askForSilence = (): Statement =>
  statement(`
do $do$
declare
  wish text[];
begin
  foreach wish slice 1 in array array[${SETTINGS.map(([name, value]) => `['${name}', '${value}']`).join(', ')}] loop
    begin
      if current_setting(wish[1], true) is not null then
        perform set_config(wish[1], wish[2], true);
      end if;
    exception when others then null;
    end;
  end loop;
end
$do$
`);

/** A setting that would keep a statement, and with what value. */
export interface Recorder {
  readonly name: string;
  readonly value: string;
  readonly quiet: string;
}

/**
 * Settings under which the statements of this session that carry a secret would be kept unless they are switched off. Those that only say
 * how much is kept by another are left out, and so is what shows nothing that is inside a function.
 */
export const recorders = (): Statement<Recorder> =>
  bound([JSON.stringify(Object.fromEntries(SETTINGS))])(`
with known as (
  select s.name, s.setting as value, wish.value as quiet
  from pg_settings as s
  join jsonb_each_text($1::jsonb) as wish (name, value) on wish.name = s.name
)
select k.name, k.value, k.quiet from known as k
where case k.name
  when 'log_statement' then k.value = 'all'
  when 'log_min_duration_statement' then k.value <> '-1'
  when 'log_min_duration_sample' then k.value <> '-1' and exists (
    select from known as r where r.name = 'log_statement_sample_rate' and r.value::float8 > 0)
  when 'log_transaction_sample_rate' then k.value::float8 > 0
  when 'log_min_messages' then k.value like 'debug%'
  when 'pg_stat_statements.track' then k.value = 'all' and current_setting('pg_stat_statements.track_utility', true) = 'on'
  when 'pg_stat_monitor.pgsm_track' then k.value = 'all'
  when 'auto_explain.log_min_duration' then k.value <> '-1'
  when 'pgaudit.log' then lower(trim(k.value)) not in ('', 'none')
  when 'apg_plan_mgmt.capture_plan_baselines' then k.value <> 'off'
  else false
end
order by k.name
`);

/** Whether we may: fails with 42501 where not. For this one statement only, unless a transaction is open. */
export const tryQuiet = ({ name, quiet }: Pick<Recorder, 'name' | 'quiet'>): Statement<{ set_config: string }> =>
  statement('select set_config($1::text, $2::text, true)', [name, quiet]);

/** For the operator to run, as a role that may. Names and values are our own, none of which needs quoting. */
export const keepQuiet = (role: string, { name, quiet }: Pick<Recorder, 'name' | 'quiet'>): string =>
  `alter role ${identifier(role)} set ${name} = '${quiet}';`;
