/** Calls of PlanetScale's API that fail: which are made again, and what is said of the others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planetScaleApi } from '../../../../lambdas/adapters/planetscale/api.ts';
import { type Scripted, type ScriptedApi, scriptedApi } from '../../../support/scripted-api.ts';

let api: ScriptedApi;
beforeAll(async () => {
  api = await scriptedApi();
});
afterAll(() => api?.close());

const TOKEN = { id: 'id1', token: 'pscale_tkn_canary' };
const PACE = { timeoutMs: 20_000, pauseMs: 1, patienceMs: 3_000 };
/** No longer than a busy machine may need for an answer that comes. */
const IMPATIENT = { ...PACE, timeoutMs: 1_000 };
const paceFor = (failure: Scripted) => (failure === 'silent' ? IMPATIENT : PACE);
const port = (pace = PACE, url = api.url) =>
  planetScaleApi({ organization: 'acme', database: 'shop', branch: 'main', url, token: async () => TOKEN }, pace);
const PARAMETERS = 'GET /branches/main/parameters';
const CHANGES = 'PATCH /branches/main/changes';
const ROLES = 'POST /branches/main/roles';
const EMPTY: Scripted = { status: 200, body: [] };
const wanted = { name: 'migration', inherits: [], replication: true };

describe('a call that only reads', () => {
  it.each<Scripted>([
    { status: 429 },
    { status: 500 },
    { status: 502, text: '<html>' },
    { status: 503 },
    'broken off',
    'broken off in the middle',
    'silent',
  ])('is made again after %j', async (failure) => {
    api.answers = { [PARAMETERS]: [failure, EMPTY] };
    await expect(port(paceFor(failure)).parameters()).resolves.toEqual([]);
    expect(api.asked).toHaveLength(2);
  });

  it('is made four times, and then said to pass', async () => {
    api.answers = { [PARAMETERS]: 'broken off' };
    await expect(port().parameters()).rejects.toMatchObject({
      name: 'TransientError',
      message:
        "PlanetScale's API gave no answer (ECONNRESET) in 4 tries of reading the parameters of the branch main of the database shop (acme). Nothing was " +
        "changed. If it goes on, check that the functions' subnets lead to the internet, through a NAT gateway.",
    });
    expect(api.asked).toHaveLength(4);
  });

  it.each([
    ['retry-after', '1', 1_000],
    ['ratelimit-reset', '1', 1_000],
    ['x-ratelimit-reset', String(Math.ceil(Date.now() / 1_000) + 3_600), 3_600_000],
    ['retry-after', new Date(Date.now() + 3_600_000).toUTCString(), 3_600_000],
  ])('waits as %s: %s says, where there is patience for it', async (header, value, pauseMs) => {
    api.answers = { [PARAMETERS]: [{ status: 429, headers: { [header]: value } }, EMPTY] };
    const before = Date.now();
    const reading = port().parameters();
    if (pauseMs <= PACE.patienceMs) {
      await expect(reading).resolves.toEqual([]);
      expect(Date.now() - before).toBeGreaterThanOrEqual(pauseMs - 10);
    } else {
      await expect(reading).rejects.toMatchObject({
        name: 'TransientError',
        message: expect.stringMatching(/answered 429 .* wait for 3[56]\d\d seconds/),
      });
      expect(api.asked).toHaveLength(1);
    }
  });

  it('waits no longer in sum than a visit has time for', async () => {
    api.answers = { [PARAMETERS]: { status: 429, headers: { 'retry-after': '0.2' } } };
    const visit = port({ ...PACE, patienceMs: 500 });
    await expect(visit.parameters()).rejects.toMatchObject({ name: 'TransientError' });
    expect(api.asked).toHaveLength(3);
    await expect(visit.parameters()).rejects.toMatchObject({ name: 'TransientError' });
    expect(api.asked).toHaveLength(4);
  });

  it('passes where nobody listens', async () => {
    await expect(port(PACE, 'http://127.0.0.1:1/v1').parameters()).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('a call that changes something', () => {
  it.each<Scripted>([{ status: 500 }, 'broken off', 'broken off in the middle', 'silent'])(
    'is made once where %j may hide that it was done',
    async (failure) => {
      for (const [call, act] of [
        [ROLES, () => port(paceFor(failure)).createRole(wanted)],
        [CHANGES, () => port(paceFor(failure)).change({})],
      ] as const) {
        api.answers = { [call]: failure };
        await expect(act()).rejects.toMatchObject({
          name: 'TransientError',
          message: expect.stringContaining('is not known: the next attempt looks first'),
        });
        expect(api.asked).toHaveLength(1);
      }
    },
  );

  it('is made again where it was surely not done', async () => {
    api.answers = { [CHANGES]: [{ status: 429 }, { status: 204 }] };
    await expect(port().change({})).resolves.toBeUndefined();
    expect(api.asked).toHaveLength(2);
  });

  it('is said to pass where something else is going on there', async () => {
    api.answers = { [CHANGES]: { status: 409, body: { message: 'a change is in progress' } } };
    await expect(port().change({})).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringMatching(/answered 409 \(a change is in progress\) to changing the branch main .* Nothing was changed\.$/),
    });
  });

  it('deletes a role again after a lost answer, and takes one that is not listed for gone', async () => {
    const none = { status: 200, body: { data: [], next_page: null } };
    api.answers = { 'DELETE /branches/main/roles/r1': ['broken off', { status: 404 }], 'GET /branches/main/roles': none };
    await port().deleteRole('r1', 'postgres');
    expect(api.asked[0]?.call).toMatch(/roles\/r1\?successor=postgres$/);
  });

  it('does not take a role for gone that is listed: the token may just not be told', async () => {
    const role = { id: 'r1', name: 'migration', username: 'r.b1', default: false };
    api.answers = {
      'DELETE /branches/main/roles/r1': { status: 404 },
      'GET /branches/main/roles': { status: 200, body: { data: [role] } },
    };
    await expect(port().deleteRole('r1', 'postgres')).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('`delete_production_branch_password` or `delete_branch_password`'),
    });
  });
});

describe('a refusal', () => {
  it.each([
    [401, 'InvalidConfiguration', /does not know the service token \(401: Words\).*Nothing was changed.*`read_branch`/],
    [403, 'InvalidConfiguration', /takes the access `read_branch` \(403: Words\).*Nothing was changed/],
    [
      404,
      'InvalidConfiguration',
      /did not find what reading the parameters of the branch main of the database shop \(acme\).*planetscaleBranch/,
    ],
    [302, 'InvalidConfiguration', /a redirect \(302\), which was not followed/],
    [400, 'TargetNotConfigurable', /refused reading the parameters.*\(400: Words\)\. It was left as it was/],
    [422, 'TargetNotConfigurable', /\(422: Words\)/],
  ])('with %d is %s, and is not tried again', async (status, name, message) => {
    const headers: Record<string, string> = status === 302 ? { location: `${api.url}/elsewhere` } : {};
    api.answers = { [PARAMETERS]: { status, body: { code: 'x', message: 'Words' }, headers } };
    await expect(port().parameters()).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
    expect(api.asked).toHaveLength(1);
  });

  it.each([
    ['with the token', 'no pscale_tkn_canary here'],
    ['with a password', 'password pscale_pw_canary_2 is weak'],
    ['with a connection', 'see postgresql://r.b1:canary@host/postgres'],
    ['without end', `${'x'.repeat(10_000)}canary`],
    ['with line breaks', 'a\u0000\u001b[2J\nERROR b'],
  ])('%s is passed on without secrets, in one short line', async (_, message) => {
    api.answers = { [CHANGES]: { status: 422, body: { message } } };
    const error: Error = await port()
      .change({})
      .then(
        () => new Error('It was not refused.'),
        (thrown: Error) => thrown,
      );
    expect(error.message).toMatch(/^PlanetScale refused/);
    expect(error.message.length).toBeLessThan(600);
    expect(JSON.stringify([error.message, error.stack, error.cause, { ...error }])).not.toMatch(/canary|\\u00|\n/);
  });

  it('is passed on where it is a list of errors', async () => {
    api.answers = { [CHANGES]: { status: 422, body: { errors: { parameters: ['is too large'] } } } };
    await expect(port().change({})).rejects.toThrow('is too large');
  });
});

describe('whatever fails', () => {
  it('shows no token and no password anywhere', async () => {
    const failures: Scripted[] = [
      { status: 200, body: { password: 'canary' } },
      { status: 500, text: 'canary' },
      { status: 401 },
      'broken off',
    ];
    for (const failure of failures) {
      api.answers = { [ROLES]: failure };
      const error: Error = await port()
        .createRole(wanted)
        .then(
          () => new Error('It did not fail.'),
          (thrown: Error) => thrown,
        );
      expect(JSON.stringify([error.message, error.stack, String(error.cause), { ...error }])).not.toContain('canary');
    }
  });

  it('does not remember that the token could not be read', async () => {
    api.answers = { [PARAMETERS]: EMPTY };
    let tries = 0;
    const token = async () => {
      tries += 1;
      if (tries === 1) throw new Error('throttled');
      return TOKEN;
    };
    const visit = planetScaleApi({ organization: 'acme', database: 'shop', branch: 'main', url: api.url, token }, PACE);
    await expect(visit.parameters()).rejects.toThrow('throttled');
    await expect(visit.parameters()).resolves.toEqual([]);
    await visit.parameters();
    expect(tries).toBe(2);
  });
});
