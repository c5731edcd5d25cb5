/** What the adapter makes of answers that a server may give, and of none. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planetScaleApi } from '../../../../lambdas/adapters/planetscale/api.ts';
import type { PlanetScale } from '../../../../lambdas/ports/planetscale.ts';
import { type Scripted, type ScriptedApi, scriptedApi } from '../../../support/scripted-api.ts';

let api: ScriptedApi;
beforeAll(async () => {
  api = await scriptedApi();
});
afterAll(() => api?.close());

const TOKEN = { id: 'id1', token: 'pscale_tkn_canary' };
const PACE = { timeoutMs: 20_000, pauseMs: 1, patienceMs: 3_000 };
const port = (more: Partial<Parameters<typeof planetScaleApi>[0]> = {}, pace = PACE): PlanetScale =>
  planetScaleApi({ organization: 'acme', database: 'shop', branch: 'main', url: api.url, token: async () => TOKEN, ...more }, pace);

const ok = (body: unknown): Scripted => ({ status: 200, body });
const page = (data: readonly unknown[], next: unknown = null) => ok({ type: 'list', data, next_page: next });
const REGION = { slug: 'eu-central', public_ip_addresses: ['192.0.2.1', '2001:db8::1', '192.0.2.16/28', '\u001b[31m nonsense'] };
const BRANCH = {
  name: 'main',
  kind: 'postgresql',
  state: 'ready',
  ready: true,
  cluster_name: 'PS_20',
  metal: false,
  has_replicas: true,
  region: REGION,
};
const CHANGE = {
  id: 'c1',
  state: 'queued',
  created_at: '2026-01-01T00:00:00Z',
  actor: { display_name: 'a colleague' },
  parameters: {},
  previous_parameters: {},
};
const ROLE = { id: 'r1', name: 'migration', username: 'r.b1', base_username: 'r', default: false, ready: true, deleted_at: null };
const MADE = { ...ROLE, access_host_url: 'eu.psdb.cloud', password: 'pscale_pw_canary', database_name: 'postgres' };
const WANTED = { name: 'migration', inherits: ['postgres'], replication: true };
const PARAMETER = {
  namespace: 'pgconf',
  name: 'wal_level',
  value: 'logical',
  default_value: 'replica',
  restart: true,
  immutable: false,
  parameter_type: 'select',
};

describe('a request', () => {
  it('carries id and token without a scheme, and encodes every name', async () => {
    api.answers = {};
    await expect(port({ branch: 'a/b?c#d', organization: 'a b' }).roles()).rejects.toMatchObject({ name: 'InvalidConfiguration' });
    expect(api.asked).toEqual([
      {
        call: 'GET /v1/organizations/a%20b/databases/shop/branches/a%2Fb%3Fc%23d/roles?page=1&per_page=100',
        authorization: 'id1:pscale_tkn_canary',
        body: undefined,
      },
    ]);
  });

  it.each(['', '.', '..'])('is not made where a name is %j, which would lead elsewhere', async (id) => {
    api.answers = {};
    await expect(port().deleteRole(id, 'postgres')).rejects.toMatchObject({ name: 'InvalidConfiguration' });
    expect(api.asked).toEqual([]);
  });

  it('asks for the default branch once where none is named', async () => {
    api.answers = {
      'GET ': ok({ kind: 'postgresql', default_branch: 'main' }),
      'GET /branches/main': ok(BRANCH),
      'GET /branches/main/roles': page([]),
    };
    const visit = port({ branch: undefined });
    await expect(visit.branch()).resolves.toMatchObject({ branch: 'main' });
    await visit.roles();
    expect(api.asked.map(({ call }) => call.replace(/^GET .*databases/, ''))).toEqual([
      '/shop',
      '/shop/branches/main',
      '/shop/branches/main/roles?page=1&per_page=100',
    ]);
  });

  it('says what is to change, and nothing of the rest', async () => {
    api.answers = { 'PATCH /branches/main/changes': { status: 204 } };
    await port().change({ parameters: { pgconf: { wal_level: 'logical' } } });
    await port().change({ storage: { minimumBytes: 5, maximumBytes: 7 } });
    expect(api.asked.map(({ body }) => body)).toEqual([
      { parameters: { pgconf: { wal_level: 'logical' } } },
      { storage: { minimum_storage_bytes: 5, maximum_storage_bytes: 7 } },
    ]);
  });

  it.each(['http://api.planetscale.com/v1', 'http://127.0.0.1.example/v1', 'ftp://127.0.0.1', 'https://u:p@example.com', 'nonsense'])(
    'is never made to %s',
    (url) => {
      expect(() => port({ url })).toThrow(expect.objectContaining({ name: 'InvalidConfiguration' }));
    },
  );

  it.each([
    ['id1\n', 'token'],
    ['id:1', 'token'],
    ['id1', 'a canary'],
  ])('is not made with the id %j and the token %j', async (id, token) => {
    api.answers = {};
    const reading = port({ token: async () => ({ id, token }) }).branch();
    await expect(reading).rejects.toMatchObject({ name: 'InvalidConfiguration', message: expect.stringContaining('Nothing was touched') });
    await expect(reading).rejects.not.toThrow('canary');
    expect(api.asked).toEqual([]);
  });
});

describe('an answer', () => {
  it('tells the branch in our words, its addresses as networks, and no control character', async () => {
    api.answers = { 'GET /branches/main': ok({ ...BRANCH, further: 'fields' }) };
    await expect(port().branch()).resolves.toEqual({
      ...{ organization: 'acme', database: 'shop', branch: 'main', clusterSize: 'PS_20', state: 'ready', region: 'eu-central' },
      ...{ isMetal: false, isReady: true, hasReplicas: true },
      addresses: ['192.0.2.1/32', '2001:db8::1/128', '192.0.2.16/28', '[31m nonsense'],
    });
  });

  it('tells values of parameters as texts, whatever they are', async () => {
    api.answers = {
      'GET /branches/main/parameters': ok([{ ...PARAMETER, value: 4, default_value: null, min: 1, max: null, display_name: '' }]),
    };
    await expect(port().parameters()).resolves.toEqual([
      { namespace: 'pgconf', name: 'wal_level', value: '4', defaultValue: '', restarts: true, isImmutable: false, type: 'select', min: 1 },
    ]);
  });

  it('tells changes, the newest first, from all pages, each once', async () => {
    const at = (id: string, day: number) => ({ ...CHANGE, id, created_at: `2026-01-0${day}T00:00:00Z` });
    api.answers = { 'GET /branches/main/changes': [page([at('one', 1), at('three', 3)], 2), page([at('three', 3), at('two', 2)])] };
    expect((await port().changes()).map(({ id }) => id)).toEqual(['three', 'two', 'one']);
    expect(api.asked.map(({ call }) => /page=\d+/.exec(call)?.[0])).toEqual(['page=1', 'page=2']);
  });

  it('tells of a change who asked for it, and how large the disk is, where that is said', async () => {
    const values = { pgconf: { max_connections: 100, wal_level: 'logical' } };
    api.answers = { 'PATCH /branches/main/changes': ok({ ...CHANGE, parameters: values, minimum_storage_bytes: 5, actor: null }) };
    await expect(port().change({})).resolves.toEqual({
      ...{ id: 'c1', state: 'queued', actor: 'somebody', previousParameters: {}, minimumStorageBytes: 5 },
      parameters: { pgconf: { max_connections: '100', wal_level: 'logical' } },
    });
  });

  it('leaves out roles that are no more, and keeps one that could not be dropped', async () => {
    const gone = { ...ROLE, id: 'gone', deleted_at: '2026-01-01T00:00:00Z' };
    const stuck = { ...gone, id: 'stuck', drop_failed: 'objects depend on it' };
    api.answers = {
      'GET /branches/main/roles': page([ROLE, gone, stuck, { ...stuck, id: 'dropped', dropped_at: '2026-01-01T00:00:00Z' }]),
    };
    expect((await port().roles()).map(({ id }) => id)).toEqual(['r1', 'stuck']);
  });

  it.each([
    ['eu.psdb.cloud', 'eu.psdb.cloud', 5432],
    ['eu.psdb.cloud:5432', 'eu.psdb.cloud', 5432],
    ['eu.psdb.cloud:6432', 'eu.psdb.cloud', 5432],
    ['https://eu.psdb.cloud', 'eu.psdb.cloud', 5432],
    ['postgresql://r.b1:pscale_pw_canary@eu.psdb.cloud:6000/postgres?sslmode=verify-full', 'eu.psdb.cloud', 6000],
  ])('tells the host of a new role by %s', async (access, host, at) => {
    api.answers = { 'POST /branches/main/roles': ok({ ...MADE, access_host_url: access, private_access_host_url: '' }) };
    const made = await port().createRole(WANTED);
    expect(made).toEqual({
      ...{ id: 'r1', name: 'migration', user: 'r.b1', role: 'r', isDefault: false, password: 'pscale_pw_canary', database: 'postgres' },
      ...{ host, port: at },
    });
    expect(api.asked[0]?.body).toEqual({ name: 'migration', inherited_roles: ['postgres'], with_replication: true });
  });

  it('tells the private host as well, and waits until a new role is ready', async () => {
    api.answers = {
      'POST /branches/main/roles': ok({ ...MADE, ready: false, private_access_host_url: 'eu.private-pg.psdb.cloud:5432' }),
      'GET /branches/main/roles/r1': [ok({ ...ROLE, ready: false }), ok(ROLE)],
    };
    await expect(port().createRole(WANTED)).resolves.toMatchObject({
      privateHost: 'eu.private-pg.psdb.cloud',
      password: 'pscale_pw_canary',
    });
    expect(api.asked).toHaveLength(3);
  });

  it('that does not tell whether a new role is ready costs nobody its password', async () => {
    api.answers = { 'POST /branches/main/roles': ok({ ...MADE, ready: false }), 'GET /branches/main/roles/r1': 'broken off' };
    await expect(port().createRole(WANTED)).resolves.toMatchObject({ password: 'pscale_pw_canary' });
  });
});

describe('an answer that is not as documented', () => {
  it.each<[string, keyof PlanetScale, string, unknown, string]>([
    ['GET /branches/main', 'branch', 'a branch of MySQL', { ...BRANCH, kind: 'mysql' }, 'its field kind is not one of postgresql'],
    ['GET /branches/main', 'branch', 'no region', { ...BRANCH, region: undefined }, 'its field region is not an object'],
    ['GET /branches/main', 'branch', 'a flag as a text', { ...BRANCH, metal: 'false' }, 'its field metal is not true or false'],
    [
      'GET /branches/main',
      'branch',
      'an address as a number',
      { ...BRANCH, region: { slug: 'x', public_ip_addresses: [1] } },
      'its field region.public_ip_addresses is not a list of texts',
    ],
    ['GET /branches/main/parameters', 'parameters', 'no list', {}, 'the answer is not a list'],
    [
      'GET /branches/main/parameters',
      'parameters',
      'a value as an object',
      [PARAMETER, { ...PARAMETER, value: { canary: 1 } }],
      'its field [1].value is not a text',
    ],
    [
      'GET /branches/main/changes',
      'changes',
      'an unknown state',
      { data: [{ ...CHANGE, state: 'canary' }] },
      'its field data[0].state is not one of queued',
    ],
    [
      'GET /branches/main/changes',
      'changes',
      'no time',
      { data: [CHANGE, { ...CHANGE, id: 'c2', created_at: 'canary' }] },
      'its field data[1].created_at is not a time',
    ],
    [
      'GET /branches/main/changes',
      'changes',
      'pages in a circle',
      { data: [], next_page: 1 },
      'its field next_page is not a number from 2',
    ],
    ['GET /branches/main/roles', 'roles', 'null', null, 'the answer is not an object'],
    [
      'GET /branches/main/roles',
      'roles',
      'a role without a user',
      { data: [{ ...ROLE, username: '' }] },
      'its field data[0].username is not a text',
    ],
  ])('to %s (%s): %s', async (call, method, _, body, words) => {
    api.answers = { [call]: ok(body) };
    const reading = (port()[method] as () => Promise<unknown>)();
    await expect(reading).rejects.toMatchObject({ name: 'TargetNotConfigurable', message: expect.stringContaining(words) });
    await expect(reading).rejects.toThrow('Nothing was changed.');
    await expect(reading).rejects.not.toThrow('canary');
  });

  it.each(['postgresql://r.b1:pscale_pw_canary@/postgres', 'pscale_pw_canary@[', ' '])('tells no host that is %j', async (access) => {
    api.answers = { 'POST /branches/main/roles': ok({ ...MADE, access_host_url: access }) };
    const making = port().createRole(WANTED);
    await expect(making).rejects.toMatchObject({ name: 'TargetNotConfigurable', message: expect.stringContaining('access_host_url') });
    await expect(making).rejects.toThrow('It was probably carried out.');
    await expect(making).rejects.not.toThrow('canary');
  });

  it('is a page of something in between as well', async () => {
    api.answers = { 'GET /branches/main': { status: 200, text: '<html>canary</html>' } };
    await expect(port().branch()).rejects.toMatchObject({ name: 'TargetNotConfigurable', message: expect.stringContaining('is not JSON') });
  });
});
