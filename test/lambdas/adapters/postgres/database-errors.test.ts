import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { translate } from '../../../../lambdas/adapters/postgres/database-errors.ts';
import { AlreadyRunning, type ServerComplaint, type StatementFailed } from '../../../../lambdas/config/errors.ts';
import {
  ADMIN_SHUTDOWN,
  CANNOT_CONNECT_NOW,
  CONNECTION_FAILURE,
  DEADLOCK_DETECTED,
  FDW_ERROR,
  INSUFFICIENT_PRIVILEGE,
  INVALID_AUTHORIZATION_SPECIFICATION,
  INVALID_CATALOG_NAME,
  INVALID_PASSWORD,
  LOCK_NOT_AVAILABLE,
  QUERY_CANCELED,
  READ_ONLY_SQL_TRANSACTION,
  SERIALIZATION_FAILURE,
  TOO_MANY_CONNECTIONS,
  UNDEFINED_OBJECT,
  UNDEFINED_TABLE,
} from '../../../../lambdas/postgres/sqlstates.ts';

const at = { host: 'h.example', port: 5432, database: 'shop', user: 'u' };
const CANARY = 'canary';

const complaint = (code: string): pg.DatabaseError =>
  Object.assign(new pg.DatabaseError('the server says no', 0, 'error'), {
    code,
    detail: `Key (password)=(${CANARY}) already exists.`,
    where: `COPY t, line 1: "${CANARY}"`,
    internalQuery: `select '${CANARY}'`,
    query: `select '${CANARY}'`,
    hint: 'Try something else.',
    schema: 's',
    table: 't',
    constraint: 'c',
    position: '12',
  });
const socket = (code: string, message = code): Error => Object.assign(new Error(message), { code });

describe('an error of a database', () => {
  it.each([
    ['40001 a serialization failure', complaint(SERIALIZATION_FAILURE), 'TransientError'],
    ['40P01 a deadlock', complaint(DEADLOCK_DETECTED), 'TransientError'],
    ['53300 too many connections', complaint(TOO_MANY_CONNECTIONS), 'TransientError'],
    ['55P03 a lock that was not granted', complaint(LOCK_NOT_AVAILABLE), 'TransientError'],
    ['57P01 a shutdown', complaint(ADMIN_SHUTDOWN), 'TransientError'],
    ['57P03 a start', complaint(CANNOT_CONNECT_NOW), 'TransientError'],
    ['08006 a lost connection', complaint(CONNECTION_FAILURE), 'TransientError'],
    ['28P01 a wrong password', complaint(INVALID_PASSWORD), 'CannotConnect'],
    ['28000 a refused login', complaint(INVALID_AUTHORIZATION_SPECIFICATION), 'CannotConnect'],
    ['3D000 a database that is not there', complaint(INVALID_CATALOG_NAME), 'CannotConnect'],
    ['23505 a duplicate key', complaint('23505'), 'StatementFailed'],
    ['42501 a right that is missing', complaint(INSUFFICIENT_PRIVILEGE), 'StatementFailed'],
    ['57014 a statement that was cancelled', complaint(QUERY_CANCELED), 'StatementFailed'],
    ['a refused connection', socket('ECONNREFUSED'), 'TransientError'],
    ['a broken connection', socket('ECONNRESET'), 'TransientError'],
    ['a name service that is busy', socket('EAI_AGAIN'), 'TransientError'],
    ['a name that does not resolve', socket('ENOTFOUND'), 'CannotConnect'],
    ['an unknown authority', socket('SELF_SIGNED_CERT_IN_CHAIN'), 'CannotConnect'],
    ['a certificate that has expired', socket('CERT_HAS_EXPIRED'), 'CannotConnect'],
    ['a certificate of another host', socket('ERR_TLS_CERT_ALTNAME_INVALID'), 'CannotConnect'],
    ['a certificate without a known authority', socket('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'CannotConnect'],
    ['an issuer that is not known', socket('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'CannotConnect'],
    ['a server without TLS', new Error('The server does not support SSL connections'), 'CannotConnect'],
    ['a connection that ended', new Error('Connection terminated unexpectedly'), 'TransientError'],
  ])('is named as CannotConnect or TransientError: %s', (_what, thrown, name) => {
    expect(translate(thrown, at)).toMatchObject({ name });
  });

  it("keeps the server's message, and none of the values that it quotes", () => {
    const error = translate(complaint('23505'), at);
    expect(error.message).toBe('the server says no');
    expect((error as StatementFailed).complaint).toEqual({
      code: '23505',
      hint: 'Try something else.',
      schema: 's',
      table: 't',
      constraint: 'c',
      position: 12,
    } satisfies ServerComplaint);
    for (const code of ['23505', SERIALIZATION_FAILURE, INVALID_PASSWORD]) {
      const { message, stack, cause, ...fields } = translate(complaint(code), at) as Error;
      expect(JSON.stringify([message, stack, cause, fields])).not.toContain(CANARY);
    }
  });

  it.each([
    ['a value that a cast refused', '22P02', {}],
    ['what PL/pgSQL raised', INSUFFICIENT_PRIVILEGE, { file: 'pl_exec.c', routine: 'exec_stmt_raise' }],
    ['what PL/Python raised, which may name objects', '23505', { file: 'plpy_elog.c', schema: CANARY, table: CANARY, constraint: CANARY }],
    ['what an extension says', 'XX000', { file: 'lwgeom_in.c' }],
    ['a remote server', FDW_ERROR, { file: 'connection.c' }],
    ['a code that no server has', 'SHOP1', {}],
    ['a name that was read from a value', UNDEFINED_OBJECT, { file: 'regproc.c' }],
    ['a function in between', UNDEFINED_TABLE, { where: 'PL/pgSQL function public.f(text) line 3 at EXECUTE' }],
  ])('cuts %s, which the log alone gets (#9.17)', (_what, code, fields) => {
    const heard: unknown[] = [];
    const log = { warn: (...said: unknown[]) => void heard.push(said) };
    const thrown = Object.assign(
      complaint(code),
      { message: `it is ${CANARY}`, hint: CANARY, schema: undefined, table: undefined },
      fields,
    );
    const { message, stack, cause, ...rest } = translate(thrown, at, log) as Error;
    expect(message).toMatch(new RegExp(`\\(${code}\\)`));
    expect(JSON.stringify([message, stack, cause, rest])).not.toContain(CANARY);
    expect(heard).toEqual([
      ['What the server said', { code, server: `it is ${CANARY} Hint: ${CANARY}`, place: 'h.example:5432/shop as u' }],
    ]);
  });

  it('names host and database, without a password', () => {
    expect(translate(complaint(INVALID_PASSWORD), at).message).toContain('h.example:5432/shop as u');
    expect(translate(socket('ECONNREFUSED'), at).message).toContain('h.example:5432/shop as u');
  });

  it('passes our own errors on unchanged', () => {
    const ours = new AlreadyRunning('x');
    expect(translate(ours, at)).toBe(ours);
  });
});

describe('a cluster made read-only by PlanetScale', () => {
  it.each([
    // pg_readonly before 1.0.5, and so PlanetScale's page: no code of its own.
    Object.assign(new pg.DatabaseError('pg_readonly: invalid statement because cluster is read-only', 0, 'error'), { code: 'XX000' }),
    Object.assign(new pg.DatabaseError('invalid statement because cluster is read-only', 0, 'error'), { code: READ_ONLY_SQL_TRANSACTION }),
    Object.assign(new pg.DatabaseError('cannot execute INSERT in a read-only transaction', 0, 'error'), {
      code: READ_ONLY_SQL_TRANSACTION,
    }),
  ])('is reported with its remedy: $message (#10)', (error) => {
    const translated = translate(error, at) as StatementFailed;
    expect(translated.name).toBe('StatementFailed');
    expect(translated.complaint.code).toBe(error.code);
    expect(translated.message).toContain('The server at h.example:5432/shop as u takes no writes');
    expect(translated.message).toContain('make room');
    expect(translated.message).toContain('enable the subscription');
  });

  it('is not inferred from a message that a function of the database raised', () => {
    const raised = { code: 'XX000', file: 'pl_exec.c', where: 'PL/pgSQL function f() line 1 at RAISE' };
    const error = Object.assign(new pg.DatabaseError('cluster is read-only', 0, 'error'), raised);
    expect(translate(error, at).message).not.toContain('PlanetScale');
  });
});
