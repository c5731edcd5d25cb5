/**
 * Settings of every session of ours, and the reason for each. A server's configuration, a database, a role, and a role in a database may each say
 * otherwise, and the owner of a database or a role that may alter ours can set them; what a session sets by itself wins over all of them.
 *
 * Nothing here names a function: until search_path is ours, a name could lead to a function of another role. `session_replication_role`
 * is missing, because only superusers may set it: it is read ({@link ./session-role.ts}), and a wrong value is a finding.
 */
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, statement } from './quote.ts';

/** Settings that differ between sessions: all others are the same for all of them. Limits in milliseconds; 0 switches one off. */
export interface SessionKind {
  readonly mode: 'read only' | 'read write';
  readonly statement: number;
  readonly lock: number;
  readonly idleInTransaction: number;
}

interface Pin {
  readonly name: string;
  readonly value: string | ((kind: SessionKind) => string);
  /** Major version of the server from which it knows the setting. @default - every version that a source may have */
  readonly since?: number;
  readonly why: string;
}

/** In the order in which they are set: a limit of a millisecond would end even this, so the limits come first. */
export const SESSION_PINS: readonly Pin[] = [
  {
    name: 'statement_timeout',
    value: ({ statement }) => `${statement}`,
    why: 'Our limit is right for the work; one of theirs cuts it off.',
  },
  {
    name: 'transaction_timeout',
    value: '0',
    since: 17,
    why: 'It would end the dead man before he lifts the fence, and long statements that are left to the server.',
  },
  {
    name: 'lock_timeout',
    value: ({ lock }) => `${lock}`,
    why: 'DDL in a queue holds up the application behind it: it gives up in our time.',
  },
  {
    name: 'idle_in_transaction_session_timeout',
    value: ({ idleInTransaction }) => `${idleInTransaction}`,
    why: 'Ours ends what a function left behind; a shorter one of theirs ends a transaction while the other side is asked.',
  },
  {
    name: 'idle_session_timeout',
    value: '0',
    since: 14,
    why: 'A session of a switch is opened beforehand and waits for the fence; locks of ours last as long as their session.',
  },
  {
    name: 'client_connection_check_interval',
    value: '0',
    since: 14,
    why: 'The dead man, index builds and snapshots are statements that have to go on when their client has gone.',
  },
  {
    name: 'default_transaction_isolation',
    value: 'read committed',
    why: 'The dead man sleeps and then locks the gate: under an older snapshot that is a serialization failure, and the fence stays up.',
  },
  {
    name: 'default_transaction_read_only',
    value: ({ mode }) => (mode === 'read only' ? 'on' : 'off'),
    why: 'Looks cannot write; acts can, in a fenced database too.',
  },
  { name: 'default_transaction_deferrable', value: 'off', why: 'A look would wait for every transaction that is open.' },
  {
    name: 'synchronous_commit',
    value: 'on',
    why: 'What follows from a commit of ours (the secret, the other gate) would outlive the commit if the server crashed.',
  },
  { name: 'role', value: 'none', why: 'We act as the role that logged in: rights were looked at for that one.' },
  {
    name: 'quote_all_identifiers',
    value: 'off',
    why: 'Names that the server prints are compared with names; search_path, which comes next, is kept as printed.',
  },
  {
    name: 'search_path',
    value: 'pg_catalog',
    why: 'Names without a schema lead to the system, never to an object of the same name of another role.',
  },
  { name: 'row_security', value: 'off', why: 'A policy makes a query fail, which we see, in place of hiding rows, which we do not.' },
  { name: 'DateStyle', value: 'ISO, MDY', why: 'Dates in one form, whatever side prints or reads them.' },
  { name: 'IntervalStyle', value: 'postgres', why: 'The one style that can be read back under every other.' },
  { name: 'TimeZone', value: 'UTC', why: 'Times print alike on both sides, in a dump as well.' },
  { name: 'bytea_output', value: 'hex', why: 'Bytes print alike on both sides, in defaults of a dump as well.' },
  { name: 'extra_float_digits', value: '3', why: 'Floats print exactly on every version; a comparison that cannot have that says so.' },
  { name: 'lc_monetary', value: 'C', why: 'Money prints alike on both sides, in defaults of a dump as well.' },
  { name: 'xmlbinary', value: 'base64', why: 'Bytes within XML print alike on both sides.' },
  { name: 'xmloption', value: 'content', why: 'Fragments of XML are read as well as documents.' },
  {
    name: 'standard_conforming_strings',
    value: 'on',
    why: 'A backslash means itself, in our texts and in those that pg_dump writes, which are run under this setting.',
  },
  { name: 'array_nulls', value: 'on', why: 'Bound lists travel as text, and a NULL in them is no word.' },
  { name: 'exit_on_error', value: 'off', why: 'An error that we expect, and look at, must not end the session.' },
  { name: 'client_min_messages', value: 'warning', why: 'Notices are not read, and they cost time.' },
];

const knownTo = <P extends Pin>(version: number, pins: readonly P[]): P[] => pins.filter(({ since = 0 }) => version >= since);

/** One text, so that it is one round trip. @param version major version of the server */
export const pinSession = (version: number, kind: SessionKind): string =>
  knownTo(version, SESSION_PINS)
    .map(({ name, value }) => `set ${name} = ${literal(typeof value === 'string' ? value : value(kind))}`)
    .join(';\n');

interface StreamPin extends Pin {
  readonly value: string;
}

/**
 * Settings of the publisher's side of a stream: its sessions are opened by the subscriber, so these stand as settings of the replication
 * role in the database, which only an option of the connection itself wins over: from 15 on a subscriber asks for an ISO date style, the
 * interval style `postgres` and all digits of floats by itself. The rest of {@link SESSION_PINS} says nothing to a walsender.
 */
const STREAM_PINS: readonly StreamPin[] = [
  { name: 'statement_timeout', value: '0', why: 'It kills the initial copy, which starts over for ever.' },
  { name: 'lock_timeout', value: '0', why: 'The copy of a table waits for DDL in place of starting over.' },
  { name: 'idle_in_transaction_session_timeout', value: '0', why: 'A copy is one transaction, in which the subscriber may be slow.' },
  { name: 'transaction_timeout', value: '0', since: 17, why: 'The copy of a table is one transaction, however long.' },
  { name: 'idle_session_timeout', value: '0', since: 14, why: 'After its copy a worker is idle until the stream has caught up with it.' },
  { name: 'row_security', value: 'off', why: 'A policy that would filter rows in silence becomes an error.' },
  { name: 'search_path', value: 'pg_catalog', why: 'No name leads to an object of the same name of another role.' },
  { name: 'DateStyle', value: 'ISO, MDY', why: 'Values that travel as text are read under a DateStyle of the subscriber.' },
  { name: 'IntervalStyle', value: 'postgres', why: 'The one style that can be read back under every other.' },
  { name: 'bytea_output', value: 'hex', why: 'The same bytes, and the faster way.' },
  { name: 'extra_float_digits', value: '3', why: 'Before version 12 floats lose digits without it.' },
  { name: 'lc_monetary', value: 'C', why: 'Money prints as the workers of the subscriber read it.' },
];

/** By name. @param version major version of the publisher; without it only what every version knows */
export const streamSettings = (version = 0): Readonly<Record<string, string>> =>
  Object.fromEntries(knownTo(version, STREAM_PINS).map(({ name, value }) => [name, value]));

/**
 * Settings of the subscriber's side of a stream. The server starts its workers by itself: they have what the database says, and what
 * the owner of the subscription has in that database. It may be the application's role as well, so only what could change a value or stop
 * a worker is here, and is set only where it is otherwise (`worker-pins.ts`). Dates, times, intervals, bytes and floats as the publisher
 * prints them read alike under every setting; search_path and session_replication_role are the workers' own.
 */
export const WORKER_PINS: readonly StreamPin[] = [
  { name: 'lc_monetary', value: 'C', why: 'Money is read as the publisher prints it; another locale reads a hundredfold, or nothing.' },
  { name: 'xmloption', value: 'content', why: 'A document-only worker refuses fragments of XML.' },
  { name: 'array_nulls', value: 'on', why: 'Without it a NULL in an array is a word.' },
  { name: 'lock_timeout', value: '0', why: 'It ends a copy, which starts over, and the changes of a transaction.' },
  { name: 'transaction_timeout', value: '0', since: 17, why: 'The copy of a table is one transaction, however long.' },
];

/** By name. @param version major version of the subscriber */
export const workerSettings = (version: number): Readonly<Record<string, string>> =>
  Object.fromEntries(knownTo(version, WORKER_PINS).map(({ name, value }) => [name, value]));

/**
 * Everything that changes how values print, pinned for the transaction; and row_security off, so that a policy makes the comparison fail
 * rather than hide rows from it. Before version 12 floats print 15 digits and as many more as extra_float_digits says; from 12 on
 * anything above 0 means the shortest exact form. Only 0 means the same to both, so where one side is older, the digits beyond the
 * 15th of floats inside of arrays, composites and geometric types are not compared; float columns are, in binary.
 *
 * A check constraint is nothing to plan by, since planning by it could evaluate a part of it. Views are refused once more by
 * restrict_nonsystem_relation_kind, which exists from the minor releases of August 2024 on.
 * @param alone without parallel workers
 * @param path schemas behind pg_catalog, for what is planned beside our statement and leans on them
 */
export const pinPrinting = (exactFloats: boolean, timeoutMs: number, alone = false, path: readonly string[] = []): Statement<unknown> =>
  bound([exactFloats ? '1' : '0', String(Math.round(timeoutMs)), ['pg_catalog', ...path.map(identifier)].join(', ')])(`
select pg_catalog.set_config(name, value, true)
from (values
  ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'), ('bytea_output', 'hex'), ('xmlbinary', 'base64'),
  ('lc_monetary', 'C'), ('quote_all_identifiers', 'off'), ('search_path', $3::text), ('row_security', 'off'),
  ('constraint_exclusion', 'off'), ('restrict_nonsystem_relation_kind', 'view,foreign-table'),
  ('extra_float_digits', $1::text), ('statement_timeout', $2::text)${alone ? ", ('max_parallel_workers_per_gather', '0')" : ''}
) as pinned (name, value)
where pg_catalog.current_setting(name, true) is not null
`);

/** For the transaction: every name is printed in quotes; see `quoted-names.ts`. */
export const quoteAllNames = (): Statement<unknown> => statement(`select set_config('quote_all_identifiers', 'on', true)`);

/** After {@link quoteAllNames}, where the transaction goes on. */
export const quoteNeededNames = (): Statement<unknown> => statement(`select set_config('quote_all_identifiers', 'off', true)`);
