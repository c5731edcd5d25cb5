import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplicationLogin } from '../../../lambdas/contract.ts';
import { unverifiedWayBack } from '../../../lambdas/cutover/consent.ts';
import { CUTOVER_CHECKS, ROLLBACK_CHECKS } from '../../../lambdas/cutover/index.ts';
import { wayBack } from '../../../lambdas/readiness/way-back.ts';
import { BACK } from '../../../lambdas/switch/direction.ts';
import { blocker, findingsOf, summary, warning } from '../../support/findings.ts';
import { type SwitchCircumstances, switchFindings } from '../../support/following.ts';
import { startWorld, type World } from '../../support/world.ts';

const found = (world: World, circumstances: SwitchCircumstances = {}) => switchFindings(world, [unverifiedWayBack], circumstances);
const withMode = (world: World, sslmode: ReplicationLogin['sslmode']) =>
  Object.assign(world.places, { replication: { ...world.places.replication, sslmode } });

describe('a switch from a source whose stream back verifies nothing (#9.13)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 11, target: 17 });
  });
  afterAll(() => world?.destroy());

  it('is refused until the input says what is wanted, and says what there is to choose from', async () => {
    const refused = await found(world);
    expect(summary(refused)).toEqual({ WayBackNotVerified: blocker('source: PostgreSQL 11') });
    expect(refused[0]?.remedy).toMatch(/\{"reverse": true\} consents.*\{"reverse": false\} goes without/);
    expect(CUTOVER_CHECKS).toContain(unverifiedWayBack);
  });

  it.each([true, false])('is not refused where the input says "reverse": %s', async (reverse) => {
    expect(await found(world, { input: { reverse } })).toEqual([]);
  });

  it('is nothing to ask on the way back, whose next stream verifies', async () => {
    expect(await found(world, { direction: BACK })).toEqual([]);
    expect(ROLLBACK_CHECKS).not.toContain(unverifiedWayBack);
  });

  it('is announced before anything is copied', async () => {
    expect(summary(await findingsOf(world, [wayBack]))).toEqual({ WayBackNotVerified: warning('source: PostgreSQL 11') });
  });

  it.each([
    ['verify-full', 0],
    ['require', 1],
    ['prefer', 0],
    ['disable', 0],
  ] as const)('asks nothing where the certificate is verified or the deployment itself gives up more: %s', async (sslmode, findings) => {
    withMode(world, sslmode);
    expect(await found(world)).toHaveLength(findings);
    withMode(world, 'require');
  });
});

describe('a switch from a source that knows channel binding (#9.13)', () => {
  it('asks nothing', async () => {
    const world = await startWorld({ source: 13, target: 18 });
    try {
      expect(await found(world)).toEqual([]);
      expect(await findingsOf(world, [wayBack])).toEqual([]);
    } finally {
      await world.destroy();
    }
  });
});
