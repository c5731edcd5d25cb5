import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckContext } from '../../../../lambdas/checks/readiness/context.ts';
import { auroraDecoding, standby, versions } from '../../../../lambdas/checks/readiness/versions.ts';
import { decodesWrongly } from '../../../../lambdas/postgres/versions.ts';
import { unmanagedCluster } from '../../../../rehearsal/aurora-stand-in.ts';
import { blocker, findingsOf, summary } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [versions, auroraDecoding, standby];

describe('the check of server versions', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 18, target: 17 });
  });
  afterAll(() => world?.destroy());

  it('refuses a target that is older than the source', async () => {
    expect(summary(await findingsOf(world, CHECKS))).toEqual({ TargetOlderThanSource: blocker('PostgreSQL 18 to 17') });
  });

  it('finds nothing where the target is the newer one', async () => {
    expect(await findingsOf(world, CHECKS, { source: world.places.target, target: world.places.source })).toEqual([]);
  });

  it.each([
    [10, 18, ['SourceTooOld']],
    [11, 17, []],
    [14, 16, ['TargetNotSupported']],
    [18, 19, ['TargetNotSupported']],
    [18, 16, ['TargetNotSupported', 'TargetOlderThanSource']],
  ])('judges %i to %i', async (sourceVersion, targetVersion, codes) => {
    expect((await versions.find({ sourceVersion, targetVersion } as CheckContext)).map(({ code }) => code)).toEqual(codes);
  });

  it('refuses Aurora 16.1, known from RDS or from the server', async () => {
    const cluster = world.places.cluster;
    const state = await cluster.describe();
    const as = (engineVersion: string) => ({ ...cluster, describe: async () => state && { ...state, engineVersion } });
    expect(summary(await findingsOf(world, [auroraDecoding], { cluster: as('16.1') }))).toEqual({
      AuroraDecodingDefect: blocker('Aurora PostgreSQL 16.1'),
    });
    expect(await findingsOf(world, [auroraDecoding], { cluster: as('16.11') })).toEqual([]);
    expect(await findingsOf(world, [auroraDecoding], { cluster: unmanagedCluster })).toEqual([]);
    expect(['16.1', '16.1.0', '16.1 (Debian)'].map(decodesWrongly)).toEqual([true, true, true]);
    expect(['16.2', '16.10', '15.1', '116.1', ''].map(decodesWrongly)).toEqual([false, false, false, false, false]);
  });

  it('refuses a read replica', async () => {
    const [folder] = await world.target('show data_directory');
    writeFileSync(join(String(folder?.data_directory), 'standby.signal'), '');
    // A standby never says that it accepts writes, which is what the start waits for.
    const started = world.pair.target.restart().catch(() => {});
    const looked = async () => summary(await findingsOf(world, [standby]).catch(() => []));
    await expect.poll(looked).toEqual({ NotTheWriter: blocker(`target 127.0.0.1:${world.pair.edge.port}`) });
    world.pair.target.destroy();
    await started;
  });
});
