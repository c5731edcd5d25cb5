import { describe, expect, it } from 'vitest';
import { openPorts } from '../../../lambdas/adapters/open-ports.ts';
import { TargetNotKnown } from '../../../lambdas/config/errors.ts';
import { noMadeLogin } from '../../../lambdas/ports/application.ts';
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import { WITHOUT_TOKEN } from '../../../lambdas/ports/planetscale.ts';
import type { ReplicationLogin } from '../../../lambdas/ports/replication.ts';

const source: ConnectionSettings = {
  ...{ host: 'source.example', port: 5432, database: 'shop', user: 'owner', password: 'secret', currentLogin: undefined },
  tls: { verify: 'off' },
};
const replication: ReplicationLogin = {
  ...{ user: 'replicator', host: 'source.example', port: 5432, sslmode: 'require' },
  password: async () => 'secret',
};
const STATEMENT = { text: 'select 1', values: [] };

describe('ports of a step that begins without a login for the target', () => {
  const { targetSecret } = WITHOUT_TOKEN;
  const { looking, acting } = openPorts('Test', {
    ...{ source, replication, targetSecret, wayBack: {} },
    applicationLogin: noMadeLogin,
  });

  it('can be taken apart and passed on', () => {
    const { endpoint } = looking.target;
    expect(() => ({ ...acting.target, endpoint })).not.toThrow();
    expect(looking.source.endpoint.host).toBe('source.example');
  });

  it.each<[string, () => unknown]>([
    ['the address', () => looking.target.endpoint.database],
    ['the version', () => looking.target.version()],
    ['a query', () => looking.target.query(STATEMENT)],
    ['a snapshot', () => looking.target.snapshot(async () => 1)],
    ['a transaction', () => acting.target.transaction(async () => 1)],
    ['a session', () => acting.target.session('tag')],
    ['the way back', () => looking.wayBack.route(17)],
    ['the route of a stream', () => looking.replication.route('target', 17)],
    ['a login of the stream', () => looking.replication.works('target')],
    ['a comparison', () => looking.comparison.source.query(STATEMENT)],
    ['a trial', () => acting.lowLogin.open('low', 'secret', 1)],
    ['the role of the copy', () => looking.partCopy.role],
    ['a login of the copy', () => looking.partCopy.works()],
    ["the application's login", () => looking.applicationLogin.works('shop_app')],
  ])('say at %s that the target is not known', async (_what, use) => {
    const error = await Promise.resolve()
      .then(use)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TargetNotKnown);
    expect((error as Error).message).toContain(targetSecret.name);
  });

  it('are not there for a step that does not need the target', async () => {
    const bare = openPorts('Test', { source, wayBack: {} });
    expect(bare.looking.target).toBeUndefined();
    await expect(bare.looking.wayBack.route(17)).rejects.toThrow('Test asks for the way back without needing the target');
  });
});
