/**
 * Statements that carry a subscription's connection string, and in it a password. PostgreSQL takes the string only as a constant in the
 * text of a statement, and a text is kept in many places: the log where `log_statement` covers DDL, the log again where the statement
 * fails, pg_stat_statements, pg_stat_activity. So the text is put together inside a function of this session, and the string reaches the
 * function as a bound value.
 */
import type { Statement } from '../contract.ts';
import { statement } from './quote.ts';

const FUNCTION = 'pg_temp.planetscale_with_connection';

/** Stands as the name of a type on an error that did not arise in the command itself but in code that it set off, such as an event trigger. */
export const FOREIGN_WORDS = 'planetscale_migration.foreign_words';

/**
 * What fails is raised anew: the context that the server would log with the original error quotes the inner statement
 * (https://www.postgresql.org/docs/current/plpgsql-control-structures.html#PLPGSQL-ERROR-TRAPPING).
 */
const createFunction = (): Statement =>
  statement(`
create or replace function ${FUNCTION}(command text, connection text) returns void language plpgsql as $do$
declare
  code text;
  words text;
  advice text;
  context text;
begin
  execute format(command, connection);
exception when query_canceled or others then
  get stacked diagnostics code = returned_sqlstate, words = message_text, advice = pg_exception_hint, context = pg_exception_context;
  if regexp_replace(context, '(^|\\n)PL/pgSQL function pg_temp_[0-9]+\\.planetscale_', '\\1', 'g') ~ '(^|\\n)(PL/|SQL function )' then
    raise exception using errcode = code, message = words, datatype = '${FOREIGN_WORDS}';
  end if;
  if advice = '' then
    raise exception using errcode = code, message = words;
  end if;
  raise exception using errcode = code, message = words, hint = advice;
end
$do$
`);

/**
 * Bound values are logged too where every statement is: with `log_statement = all`, and with a duration that is logged. Only superusers may
 * change these settings, and roles to whom it was granted, from version 15 on; where it is refused, they stay as they are.
 */
const askForSilence = (): Statement =>
  statement(`
do $do$
declare
  setting text[];
begin
  foreach setting slice 1 in array array[
    ['log_statement', 'none'], ['log_duration', 'off'], ['log_min_duration_statement', '-1'], ['log_min_duration_sample', '-1'],
    ['log_transaction_sample_rate', '0'], ['log_parameter_max_length', '0'], ['log_min_error_statement', 'panic']
  ] loop
    begin
      perform set_config(setting[1], setting[2], true);
    exception when insufficient_privilege or undefined_object then null;
    end;
  end loop;
end
$do$
`);

/** @param command with `%L` in place of the connection string, and every other percent sign doubled */
const run = (command: string, connection: string): Statement => statement(`select ${FUNCTION}($1::text, $2::text)`, [command, connection]);

/** Text of a command in which no percent sign has a meaning. */
export const plain = (text: string): string => text.replaceAll('%', '%%');

/** In this order, in one transaction. @param command see {@link plain}; `%L` stands for the connection string */
export const withConnection = (command: string, connection: string): Statement[] => [
  createFunction(),
  askForSilence(),
  run(command.trim(), connection),
];
