import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidConfiguration } from '../../../lambdas/config/errors.ts';
import {
  newPassword,
  parseReplicationSecret,
  parseSourceSecret,
  parseTargetSecret,
  replicationPassword,
} from '../../../lambdas/config/secrets.ts';

const NAME = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:the-secret-AbC123';
const CANARY = 'canary-password';
const whole = { host: 'h.example', port: 5432, username: 'u', password: CANARY, dbname: 'shop' };

const refusalOf = (parse: (text: string, secret: string) => unknown, content: unknown): string => {
  try {
    parse(typeof content === 'string' ? content : JSON.stringify(content), NAME);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidConfiguration);
    expect((error as Error).cause).toBeUndefined();
    return (error as Error).message;
  }
  throw new Error('It was accepted.');
};

describe('the passwords of the replication role (#9.13)', () => {
  it('are derived from one value, reproducibly, and differ from it and from side to side', () => {
    const root = newPassword();
    const [source, target] = [replicationPassword(root, 'source'), replicationPassword(root, 'target')];
    expect(new Set([root, source, target]).size).toBe(3);
    expect([replicationPassword(root, 'source'), replicationPassword(root, 'target')]).toEqual([source, target]);
    expect(replicationPassword(newPassword(), 'source')).not.toBe(source);
  });

  it('cannot be derived from each other, and need no quoting in SQL, URLs and connection strings', () => {
    const root = "canary's root";
    for (const side of ['source', 'target'] as const) expect(replicationPassword(root, side)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(replicationPassword(replicationPassword(root, 'source'), 'target')).not.toBe(replicationPassword(root, 'target'));
  });
});

describe('the source secret', () => {
  it('has the format of RDS', () => {
    const text = JSON.stringify({ ...whole, engine: 'aurora-postgresql', dbClusterIdentifier: 'shop' });
    expect(parseSourceSecret(text, NAME)).toEqual({ host: 'h.example', port: 5432, user: 'u', password: CANARY });
  });

  it('may lack the address, where RDS manages it', () => {
    expect(parseSourceSecret(JSON.stringify({ username: 'u', password: CANARY }), NAME)).toEqual({ user: 'u', password: CANARY });
  });

  it('keeps a password unchanged, blanks included', () => {
    const password = ' "%41\\ ';
    expect(parseSourceSecret(JSON.stringify({ username: 'u', password }), NAME).password).toBe(password);
  });
});

describe('the target secret', () => {
  const login = { host: 'h.example', port: 5432, user: 'u', password: CANARY, database: 'shop' };

  it.each([
    ['JSON', whole],
    ['JSON with the port as a text, as the console writes it', { ...whole, port: '5432' }],
    ['JSON without a port', { ...whole, port: undefined }],
    ['a URL', { url: `postgresql://u:${CANARY}@h.example:5432/shop` }],
    ['a URL as PlanetScale shows it', { url: ` postgresql://u:${CANARY}@h.example/shop?sslmode=verify-full&sslrootcert=system\n` }],
    ['a bare URL', `postgres://u:${CANARY}@h.example/shop`],
  ])('may be %s', (_form, content) => {
    expect(parseTargetSecret(typeof content === 'string' ? content : JSON.stringify(content), NAME)).toEqual(login);
  });

  it('decodes what a URL encodes, in any name or password', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => value.trim() !== '' && value.isWellFormed());
    fc.assert(
      fc.property(text, text, text, (user, password, database) => {
        const url = `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@h.example/${encodeURIComponent(database)}`;
        // "." and ".." mean a folder to every URL parser, however they are written.
        fc.pre(!/^\.{1,2}$/.test(database));
        expect(parseTargetSecret(JSON.stringify({ url }), NAME)).toEqual({ host: 'h.example', port: 5432, user, password, database });
      }),
    );
  });

  it.each([
    ['the port of PgBouncer', { ...whole, port: 6432 }, /6432 is PlanetScale's PgBouncer.*Use port 5432/],
    [
      'the port of PgBouncer in a URL',
      { url: `postgresql://u:${CANARY}@h.example:6432/shop` },
      /6432 is PlanetScale's PgBouncer.*Use port 5432/,
    ],
    ['nothing', '', /it is empty\. Put in \{"url"/],
    ['an empty object', {}, /"host", "username", "password", "dbname" are missing or empty\. Put in/],
    [
      'an empty template',
      { url: '', host: ' ', username: '', password: '', dbname: '' },
      /"host", "username", "password", "dbname" are missing/,
    ],
    ['a URL without most of it', { url: 'postgresql:///' }, /lacks a host, a user, a password, a database/],
    ['a URL of another kind', { url: `mysql://u:${CANARY}@h.example/shop` }, /not of the form postgresql/],
    ['a URL that is none', { url: `u:${CANARY}@h.example` }, /not of the form postgresql/],
    ['a URL with a bare percent sign', { url: `postgresql://u:${CANARY}%zz@h.example/shop` }, /write %25/],
    ['a port that is none', { ...whole, port: 'five' }, /"port" is not a whole number/],
    ['a port out of bounds', { ...whole, port: 65_536 }, /"port" is not a whole number/],
  ])('is refused with %s, and the remedy', (_what, content, reason) => {
    expect(refusalOf(parseTargetSecret, content)).toMatch(reason);
  });
});

describe('the replication secret', () => {
  it('has a user name and a password', () => {
    expect(parseReplicationSecret(JSON.stringify({ username: 'r', password: CANARY }), NAME)).toEqual({ user: 'r', password: CANARY });
  });
});

describe.each([
  ['source', parseSourceSecret],
  ['target', parseTargetSecret],
  ['replication', parseReplicationSecret],
])('a refusal of the %s secret', (_which, parse) => {
  it.each([
    `{"username": "u", "password": "${CANARY}"`,
    `["${CANARY}"]`,
    `"${CANARY}"`,
    CANARY,
    'null',
    '7',
    { password: CANARY },
    { username: CANARY, password: '' },
    { username: 7, password: CANARY },
    { url: `postgresql://u:${CANARY}@` },
    { url: `postgresql://u:${CANARY}@h:99999/x` },
  ])('names the secret and never what it holds: %j', (content) => {
    const message = refusalOf(parse, content);
    expect(message).toContain(NAME);
    expect(message).not.toContain(CANARY);
  });
});
