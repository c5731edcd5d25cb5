import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readers } from '../../../../lambdas/checks/cutover/readers.ts';
import { readersAfter } from '../../../../lambdas/cluster/readers.ts';
import { InvalidConfiguration, TransientError } from '../../../../lambdas/config/errors.ts';
import { unmanagedCluster } from '../../../../rehearsal/aurora-stand-in.ts';
import { type ClusterOptions, member, playedCluster, reader, state } from '../../../support/cluster.ts';
import { blocker, summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('access to the source past its writer (#9.8)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());
  const found = (options: ClusterOptions = {}, over = {}) =>
    switchFindings(world, [readers], { cluster: { ...playedCluster(options), ...over } });
  const SECONDARY = 'arn:aws:rds:eu-west-1:111122223333:cluster:shop-west';

  it('is none on a cluster of one instance, nor on an unmanaged server', async () => {
    expect(await found({ state: state({ readerEndpoints: ['shop.cluster-ro-abc'] }) })).toEqual([]);
    expect(await switchFindings(world, [readers], { cluster: unmanagedCluster })).toEqual([]);
  });

  it('is named for readers, with what they serve after the switch and how to end that', async () => {
    const findings = await found({
      state: state({
        members: [member(), reader('shop-2'), reader('shop-3')],
        readerEndpoints: ['shop.cluster-ro-abc', 'reports.cluster-custom-abc'],
      }),
    });
    expect(summary(findings)).toEqual({
      ReadersServeOn: warning('shop-2', 'shop-3', 'shop.cluster-ro-abc', 'reports.cluster-custom-abc'),
    });
    expect(findings[0]?.message).toMatch(/go on being served, read-only, with what the source has/);
    expect(findings[0]?.remedy).toMatch(/reboot each of shop-2, shop-3/);
  });

  it.each(['local enabled', 'local requested', 'global enabled', 'global unknown'])('is refused where readers write: %s', async (how) => {
    expect(summary(await found({ state: state({ writeForwarding: [how] }) }))).toEqual({ WriteForwarding: blocker(`shop: ${how}`) });
  });

  it('is named for other regions of a global database, and refused where they write', async () => {
    const global = state({ globalCluster: 'world' });
    expect(summary(await found({ state: global, secondaries: [{ arn: SECONDARY }] }))).toEqual({
      SecondaryClustersServeOn: warning(SECONDARY),
    });
    expect(summary(await found({ state: global, secondaries: [{ arn: SECONDARY, writeForwarding: 'enabled' }] }))).toEqual({
      WriteForwarding: blocker(`${SECONDARY}: global enabled`),
      SecondaryClustersServeOn: warning(SECONDARY),
    });
    const denied = async () => {
      throw new InvalidConfiguration('AWS denied rds:DescribeGlobalClusters on world.');
    };
    expect(summary(await found({ state: global }, { secondaries: denied }))).toEqual({
      CouldNotTell: blocker('ways to the source past its writer'),
    });
  });

  it('is named for RDS Proxies, and only reported where RDS does not answer', async () => {
    expect(summary(await found({ proxies: [{ name: 'pool', endpoint: 'pool.proxy-abc' }] }))).toEqual({
      ProxyLeadsToSource: warning('pool (pool.proxy-abc)'),
    });
    const failing = (error: Error) => ({
      proxies: async () => {
        throw error;
      },
    });
    const [unknown] = await found({}, failing(new InvalidConfiguration('AWS denied rds:DescribeDBProxies on *.')));
    expect(unknown).toMatchObject({
      code: 'ProxiesUnknown',
      severity: 'warning',
      message: expect.stringContaining('AWS denied rds:DescribeDBProxies'),
    });
    await expect(found({}, failing(new TransientError('Throttled.')))).rejects.toThrow('Throttled.');
  });

  it('is recorded in the evidence of the switch', () => {
    const warnings = [{ code: 'ReadersServeOn', objects: ['shop-2'] }];
    expect(readersAfter({ CheckCutover: { evidence: { warnings } } })).toMatchObject({
      instances: ['shop-2'],
      serve: expect.stringContaining('read-only'),
    });
    expect(readersAfter({ CheckCutover: { evidence: { warnings: [] } } })).toBeUndefined();
    expect(readersAfter({})).toBeUndefined();
  });
});
