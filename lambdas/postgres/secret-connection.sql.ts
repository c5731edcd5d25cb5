/**
 * Statements that carry a secret: a subscription's connection string, and in it a password, or a role's verifier. PostgreSQL takes either
 * only as a constant in the text of a statement, and a text is kept in many places: the log where `log_statement` covers DDL, the log again
 * where the statement fails, pg_stat_statements, pg_stat_activity. So the text is put together inside a function of this session, and the
 * secret reaches the function as a bound value. Extensions that record statements inside functions, or bound values, are switched off
 * (`silence.sql.ts`).
 */
import type { Statement } from '../ports/database.ts';
import { statement } from './quote.ts';
import { askForSilence } from './silence.sql.ts';

const FUNCTION = 'pg_temp.planetscale_with_secret';

/** Stands as the name of a type on an error that did not arise in the command itself but in code that it triggered, such as an event trigger. */
export const FOREIGN_WORDS = 'planetscale_migration.foreign_words';

/**
 * What fails is raised anew: the context that the server would log with the original error quotes the inner statement
 * (https://www.postgresql.org/docs/current/plpgsql-control-structures.html#PLPGSQL-ERROR-TRAPPING).
 */
const createFunction = (): Statement =>
  statement(`
create or replace function ${FUNCTION}(command text, secret text) returns void language plpgsql as $do$
declare
  code text;
  words text;
  advice text;
  context text;
begin
  execute format(command, secret);
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

/** @param command with `%L` in place of the secret, and every other percent sign doubled */
const run = (command: string, secret: string): Statement => statement(`select ${FUNCTION}($1::text, $2::text)`, [command, secret]);

/** Text of a command in which no percent sign has a meaning. */
export const plain = (text: string): string => text.replaceAll('%', '%%');

/** After {@link withSecret}, where another role may need it in the same session: a function belongs to the role that made it. */
export const dropSecretFunction = (): Statement => statement(`drop function if exists ${FUNCTION}(text, text)`);

/**
 * In this order, in one transaction; silence comes first, so that it covers everything.
 * @param command see {@link plain}; `%L` stands for the secret
 */
export const withSecret = (command: string, secret: string): Statement[] => [
  askForSilence(),
  createFunction(),
  run(command.trim(), secret),
];
