/** The token goes only to a server that proves who it is. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planetScaleApi } from '../../../../lambdas/adapters/planetscale/api.ts';
import { newCertificate } from '../../../../rehearsal/servers/certificates.ts';
import { type ScriptedApi, scriptedApi } from '../../../support/scripted-api.ts';

let api: ScriptedApi;
let authority: string;
beforeAll(async () => {
  const certificate = await newCertificate();
  authority = certificate.authority;
  api = await scriptedApi(certificate);
  api.answers = {
    'GET /branches/main/parameters': ['broken off', { status: 200, body: [] }],
    'PATCH /branches/main/changes': 'broken off',
  };
});
afterAll(() => api?.close());

const port = (url = api.url) =>
  planetScaleApi(
    { organization: 'acme', database: 'shop', branch: 'main', url, token: async () => ({ id: 'id1', token: 'canary' }) },
    { timeoutMs: 20_000, pauseMs: 1, patienceMs: 1_000 },
  );

describe('a call over HTTPS', () => {
  it('is not made where the certificate is not trusted, and that does not pass', async () => {
    for (const call of [port().parameters(), port().change({})]) {
      await expect(call).rejects.toMatchObject({
        name: 'InvalidConfiguration',
        message: expect.stringMatching(/its certificate is not trusted \(\w+\)\. Nothing was changed\./),
      });
    }
    expect(api.asked).toEqual([]);
  });

  it('is not made where the certificate is of another name', async () => {
    setDefaultCACertificates([...getCACertificates('default'), authority]);
    await expect(port(api.url.replace('127.0.0.1', 'localhost')).parameters()).rejects.toMatchObject({ name: 'InvalidConfiguration' });
    expect(api.asked).toEqual([]);
  });

  it('is made where it is trusted, and what may have been received is not made twice', async () => {
    await expect(port().parameters()).resolves.toEqual([]);
    expect(api.asked).toHaveLength(2);
    await expect(port().change({})).rejects.toMatchObject({ name: 'TransientError', message: expect.stringContaining('is not known') });
    expect(api.asked).toHaveLength(3);
  });
});
