/** Errors of node-postgres and of the operating system → our errors. The one place that knows SQLSTATEs by their meaning. */
import pg from 'pg';
import { CannotConnect, MigrationError, StatementFailed, TransientError } from '../../config/errors.ts';
import type { Endpoint } from '../../ports/database.ts';
import type { Log } from '../../ports/log.ts';
import { identifier, qualified } from '../../postgres/quote.ts';
import { FOREIGN_WORDS } from '../../postgres/secret-connection.sql.ts';
import { culpritIn, isOwnBlock, isOwnContext, type PublicWords, publicWords } from '../../postgres/server-words.ts';
import * as sqlstate from '../../postgres/sqlstates.ts';
import { remedyAtEdge } from './edge-words.ts';

/** Passing states of a server or of a transaction: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const PASSING = new Set([
  sqlstate.SERIALIZATION_FAILURE,
  sqlstate.DEADLOCK_DETECTED,
  sqlstate.TOO_MANY_CONNECTIONS,
  sqlstate.LOCK_NOT_AVAILABLE,
  sqlstate.ADMIN_SHUTDOWN,
  sqlstate.CRASH_SHUTDOWN,
  sqlstate.CANNOT_CONNECT_NOW,
  sqlstate.IDLE_SESSION_TIMEOUT,
  sqlstate.IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
  sqlstate.TRANSACTION_TIMEOUT,
]);
const CONNECTION_CLASS = '08';
const INVALID_AUTHORIZATION_CLASS = '28';

/** Errors of sockets and DNS that a restart or a failover explains. */
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

const place = (at: Endpoint): string => `${at.host}:${at.port}/${at.database} as ${at.user}`;

/** Log for what an error's message leaves out. */
export type WholeWords = Pick<Log, 'warn'>;
const unheard: WholeWords = { warn: () => {} };

/**
 * @param log gets what an error leaves out: messages that user code raised, and values that the server quotes
 * @returns one of our errors; never one that carries the statement, its values, or the server's `detail`, which quotes rows
 */
export function translate(error: unknown, at: Endpoint, log: WholeWords = unheard): MigrationError {
  if (error instanceof MigrationError) return error;
  if (error instanceof pg.DatabaseError) return translateComplaint(error, at, log);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'ENOTFOUND') {
    return new CannotConnect(`The host name ${at.host} does not resolve. Correct the host in the secret or the network's DNS.`);
  }
  if (typeof code === 'string' && !NETWORK.has(code) && /CERT|TLS|SSL|SIGNATURE/.test(code)) {
    return new CannotConnect(
      `The TLS certificate of ${at.host}:${at.port} was refused (${code}: ${String(message)}). Check that the host is the server's own name.`,
    );
  }
  if (String(message).includes('does not support SSL')) {
    return new CannotConnect(`${at.host}:${at.port} offers no TLS, and an unencrypted connection is never made unless configured.`);
  }
  return new TransientError(`The connection to ${place(at)} failed: ${typeof code === 'string' ? code : String(message)}.`);
}

function translateComplaint(error: pg.DatabaseError, at: Endpoint, log: WholeWords): MigrationError {
  const { code = '' } = error;
  const { message, hint, whole } = publicWordsOf(error);
  if (whole !== undefined) log.warn('What the server said', { code, server: whole, place: place(at) });
  if (PASSING.has(code) || code.startsWith(CONNECTION_CLASS)) {
    return new TransientError(`The server at ${place(at)} answered ${code}: ${message}`);
  }
  if (!isRaised(error) && (code.startsWith(INVALID_AUTHORIZATION_CLASS) || code === sqlstate.INVALID_CATALOG_NAME)) {
    const remedy = remedyAtEdge(error, at) ?? 'Correct the secret';
    return new CannotConnect(`${place(at)} was refused (${code}): ${message}. ${remedy}, then start again.`);
  }
  const { schema, table, constraint } = isRaised(error) ? {} : error;
  const position = error.position === undefined ? undefined : Number(error.position);
  const complaint = { code, hint, schema, table, constraint, position, culprit: culpritIn(error.where) };
  return isReadOnly(error)
    ? new StatementFailed(readOnly(code, at), complaint, { isExplained: true })
    : new StatementFailed(message, complaint);
}

/**
 * Message of a cluster that PlanetScale has made read-only (https://planetscale.com/docs/postgres/troubleshooting/read-only-mode). It is
 * that of the extension pg_readonly, which raises it without a SQLSTATE, so that it comes as an internal error; its releases
 * from 1.0.5 on make transactions read-only instead, as on a replica.
 */
const READ_ONLY = /cluster is read-only/;
const isReadOnly = (error: pg.DatabaseError): boolean =>
  !isRaised(error) && (READ_ONLY.test(error.message) || error.code === sqlstate.READ_ONLY_SQL_TRANSACTION);

const readOnly = (code: string, at: Endpoint): string =>
  `The server at ${place(at)} takes no writes (${code}), so the statement was refused and changed nothing. PlanetScale makes a cluster read-only ` +
  'when 5 % of its disk or less is left, and disables its subscriptions: make room (Clusters → Storage, or a larger cluster size on Metal), wait until ' +
  'it takes writes again, enable the subscription ("alter subscription … enable"), then start again. If its disk is not full, the address leads to a replica.';

/** Source files of procedural languages: their errors come from a function, which may set any SQLSTATE and any name of an object. */
const LANGUAGES = /^(?:pl_exec|plperl|Util|plpy_\w+|pltcl|plv8\w*|plr|pg_backend_support)\.(?:c|cc|cpp)$/;
const isRaised = ({ file = '' }: pg.DatabaseError): boolean => LANGUAGES.test(file);
/** Source file of the casts from text to object names: the name that is not found is the value. */
const NAMES_FROM_VALUES = 'regproc.c';

/**
 * Source files of the parser, whose errors quote the names that it did not find. In static text of a function, they are the function's own;
 * in dynamic SQL they may hold any value.
 */
const SAYS_NAMES_ONLY = /^parse_(?:func|oper|relation|type|coerce|collate|cte)\.c$/;
const PUTS_TEXT_TOGETHER = /EXECUTE|query_to_xml|cursor_to_xml|crosstab|ts_stat/i;
const isAboutNamesInText = ({ code = '', file = '', where = '' }: pg.DatabaseError): boolean =>
  code.startsWith('42') && SAYS_NAMES_ONLY.test(file) && !PUTS_TEXT_TOGETHER.test(where);

function publicWordsOf(error: pg.DatabaseError): PublicWords {
  const { code = '', message, hint, where, file, dataType } = error;
  const passedOn = dataType === FOREIGN_WORDS;
  const ours = isOwnContext(where) && !passedOn;
  const raised = isRaised(error);
  if (raised && ours && isOwnBlock(where)) return { message, hint, whole: undefined };
  const foreign = raised || (!ours && !(isAboutNamesInText(error) && !passedOn)) || file === NAMES_FROM_VALUES;
  return publicWords({
    code,
    message,
    hint,
    foreign,
    culprit: passedOn ? undefined : culpritIn(where),
    objects: raised ? [] : objectsOf(error),
  });
}

function objectsOf({ schema, table, column, constraint, dataType }: pg.DatabaseError): string[] {
  const within = (name: string): string => (schema === undefined ? identifier(name) : qualified(schema, name));
  return [
    ...(table === undefined ? [] : [`table ${within(table)}`]),
    ...(column === undefined ? [] : [`column ${identifier(column)}`]),
    ...(dataType === undefined ? [] : [`type ${within(dataType)}`]),
    ...(constraint === undefined ? [] : [`constraint ${identifier(constraint)}`]),
  ];
}
