import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressesIn, leadsTo, retargeted } from '../../../lambdas/config/application-secret.ts';
import { type ApplicationLogin, parseApplicationLogin } from '../../../lambdas/config/secrets.ts';

const NAME = 'the-secret';
const login: ApplicationLogin = { host: 't.example', port: 5432, user: 'u', password: 'p', database: 'd' };
const source = { host: 's.example', port: 5432, database: 'shop' };
const fields = { host: 's.example', port: 5432, username: 'a', password: 'b', dbname: 'shop' };

describe("the side to which a secret's value leads", () => {
  it.each([
    ['fields', fields],
    ['fields without a port', { ...fields, port: undefined }],
    ['fields with the port as a text', { ...fields, port: '5432' }],
    ['a host in capitals', { ...fields, host: 'S.Example' }],
    ['a URL', { url: 'postgresql://a:b@s.example/shop' }],
    ['a URL and the same in fields', { ...fields, url: 'postgresql://a:b@s.example/shop' }],
    ['a bare URL', 'postgres://a:b@s.example:5432/shop?sslmode=require\n'],
  ])('is read from %s', (_form, content) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    expect(leadsTo(addressesIn(text, NAME), [source])).toBe(true);
  });

  it.each([
    ['another host', { ...fields, host: 'x.example' }],
    ['another port', { ...fields, port: 6000 }],
    ['another database', { ...fields, dbname: 'Shop' }],
    ['a URL and another host beside it', { ...fields, host: 'x.example', url: 'postgresql://a:b@s.example/shop' }],
    ['two hosts', { url: 'postgresql://a:b@s.example,x.example/shop' }],
  ])('is not the source with %s', (_what, content) => {
    expect(leadsTo(addressesIn(JSON.stringify(content), NAME), [source])).toBe(false);
  });
});

describe("the secret's value for the target", () => {
  it('keeps every other key, and their order', () => {
    const before = { engine: 'aurora-postgresql', ...fields, port: '5432', pool: { min: 1 }, ssl: true };
    const after = retargeted(JSON.stringify(before), login, NAME);
    expect(after).toBe(JSON.stringify({ ...before, host: 't.example', username: 'u', password: 'p', dbname: 'd' }));
  });

  it('changes the keys beside a URL, too', () => {
    const before = { url: 'postgresql://a:b@s.example/shop', host: 's.example', username: 'a', password: 'b', dbname: 'shop' };
    expect(JSON.parse(retargeted(JSON.stringify(before), login, NAME))).toEqual({
      url: 'postgresql://u:p@t.example:5432/d?sslmode=verify-full',
      host: 't.example',
      username: 'u',
      password: 'p',
      dbname: 'd',
    });
  });

  it.each([
    ['', undefined, '?sslmode=verify-full'],
    ['?sslmode=require&sslrootcert=/rds.pem&channel_binding=require', undefined, '?sslmode=verify-full'],
    ['?options=-c%20search_path%3Da+b&sslmode=require', undefined, '?options=-c%20search_path%3Da+b&sslmode=verify-full'],
    ['?connection_limit=5', 'sslmode=verify-full&sslrootcert=system', '?connection_limit=5&sslmode=verify-full&sslrootcert=system'],
    ['?application_name=a', 'application_name=b', '?application_name=b'],
    ['?sslmode=require', '', ''],
  ])('of a URL with %j has the settings of the target, %j, and the others of its own', (own, query, expected) => {
    const target = { ...login, ...(query !== undefined && { query }) };
    expect(retargeted(`postgresql://a:b@s.example/shop${own}`, target, NAME)).toBe(`postgresql://u:p@t.example:5432/d${expected}`);
  });

  it('leads to the target with the login of the target, whatever names and passwords hold', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => value.trim() !== '' && value.isWellFormed());
    const forms = fc.constantFrom(JSON.stringify(fields), '{"url": "postgresql://a:b@s.example/shop"}', 'postgres://a:b@s.example/shop');
    fc.assert(
      fc.property(text, text, text, forms, (user, password, database, form) => {
        fc.pre(!/^\.{1,2}$/.test(database)); // a folder to every URL parser
        const target = { ...login, user, password, database };
        const after = retargeted(form, target, NAME);
        expect(parseApplicationLogin(after, NAME)).toMatchObject(target);
        expect(leadsTo(addressesIn(after, NAME), [target])).toBe(true);
      }),
    );
  });
});

describe("the application's own login at the target", () => {
  it('may go through PgBouncer, and brings the settings of its URL', () => {
    expect(parseApplicationLogin('{"url": "postgresql://u:p@t.example:6432/d?sslmode=require"}', NAME)).toEqual({
      ...login,
      port: 6432,
      query: 'sslmode=require',
    });
    expect(parseApplicationLogin('{"host": "t.example", "username": "u", "password": "p", "dbname": "d"}', NAME)).toEqual(login);
  });
});
