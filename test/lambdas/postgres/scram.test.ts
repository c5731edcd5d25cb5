import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { InvalidConfiguration } from '../../../lambdas/config/errors.ts';
import { identifier, literal } from '../../../lambdas/postgres/quote.ts';
import { saslprep, scramVerifier } from '../../../lambdas/postgres/scram.ts';
import { INVALID_PASSWORD } from '../../../lambdas/postgres/sqlstates.ts';
import { Server } from '../../../rehearsal/servers/server.ts';

const PASSWORDS = [
  'plain',
  `quotes ' " and \\ backslash`,
  'caf\u00e9',
  'cafe\u0301', // a combining accent, composed by NFKC
  'no\u00a0break', // a space that is not ASCII's
  'soft\u00adhyphen', // vanishes
  '\uff21\uff22', // full-width letters, folded by NFKC
  '\u{1f600} unchanged by preparing, unassigned in Unicode 3.2',
  '\u05d0 right to left, then 1', // forbidden by the profile and unchanged by preparing
];

describe('a SCRAM verifier', () => {
  let server: Server;
  let admin: pg.Client;
  beforeAll(async () => {
    server = await Server.start({ version: 13 });
    admin = new pg.Client(clientConfig(server.superuser(), 'test'));
    await admin.connect();
  });
  afterAll(async () => {
    await admin?.end();
    server?.destroy();
  });

  it.each(PASSWORDS)('is what the server itself computes for %j', async (password) => {
    const role = `made from ${password}`;
    await admin.query(`create role ${identifier(role)} password ${literal(password)}`);
    const { rows } = await admin.query('select rolpassword from pg_authid where rolname = $1', [role]);
    const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(rows[0].rolpassword) ?? [];
    expect(scramVerifier(password, Buffer.from(salt ?? '', 'base64'), Number(iterations))).toBe(rows[0].rolpassword);
  });

  it('logs in with the password it was derived from, and with no other', async () => {
    const password = PASSWORDS[1] ?? '';
    await admin.query(`create role verified login password ${literal(scramVerifier(password))}`);
    const login = async (word: string) => {
      const client = new pg.Client(clientConfig(server.login('verified', word, 'postgres'), 'test'));
      try {
        await client.connect();
      } finally {
        await client.end().catch(() => {});
      }
    };
    await expect(login(password)).resolves.toBeUndefined();
    await expect(login(`${password} `)).rejects.toMatchObject({ code: INVALID_PASSWORD });
  });

  it('has another salt each time', () => {
    expect(scramVerifier('same')).not.toBe(scramVerifier('same'));
  });

  it('is refused where SASLprep is ambiguous, without quoting the password', () => {
    const ambiguous = '\ufb01nal \u0661 \u05d0'; // a ligature that NFKC unfolds, beside letters from right to left
    expect(() => saslprep(ambiguous)).toThrow(InvalidConfiguration);
    expect(() => saslprep(ambiguous)).not.toThrow(ambiguous);
  });
});
