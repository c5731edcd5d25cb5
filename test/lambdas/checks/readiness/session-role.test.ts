import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sessionReplicationRole as beforeSwitch } from '../../../../lambdas/checks/cutover/session-role.ts';
import { sessionReplicationRole } from '../../../../lambdas/checks/readiness/session-role.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { findingsOf } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { beFriendly, beHostile, type Reach } from '../../../support/hostile-settings.ts';
import { type SharedServers, sharedServers } from '../../../support/replicated.ts';
import { fenceOn, letInApplication, SWITCHABLE, writeAt } from '../../../support/switchable.ts';
import { startWorld, type World } from '../../../support/world.ts';

const REPLICA = [{ name: 'session_replication_role', value: 'replica' }];

describe.each([
  [11, 18],
  [17, 18],
] as const)('session_replication_role of our sessions, from %i to %i (#9.4)', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target });
  });
  afterEach(() => Promise.all([beFriendly(world, 'source'), beFriendly(world, 'target')]));
  afterAll(() => world?.destroy());

  it('leads to no finding where it is origin', async () => {
    expect(await findingsOf(world, [sessionReplicationRole])).toEqual([]);
    expect(await switchFindings(world, [beforeSwitch])).toEqual([]);
  });

  it.each([
    ['source', 'database', 'alter database "Shop ""main""" reset session_replication_role;'],
    ['target', 'database', 'alter database "Shop ""main""" reset session_replication_role;'],
    ['source', 'role', 'alter role %r reset session_replication_role;'],
    ['target', 'role in database', 'alter role %r in database "Shop ""main""" reset session_replication_role;'],
  ] as const)('blocks where the %s has another by its %s, with the remedy', async (side, reach, statement) => {
    await beHostile(world, side, reach as Reach, REPLICA);
    const expected = {
      code: 'SessionReplicationRole',
      severity: 'blocker',
      objects: [`${side}: replica`],
      statements: [statement.replace('%r', world.database.roles[side])],
    };
    expect(await findingsOf(world, [sessionReplicationRole])).toMatchObject([expected]);
    for (const direction of [undefined, ROLLBACK]) {
      expect(await switchFindings(world, [beforeSwitch], direction ? { direction } : {})).toMatchObject([expected]);
    }
  });

  it('blocks where only the configuration file sets another', async () => {
    await world.pair.target.restart({ session_replication_role: 'replica' });
    try {
      expect(await findingsOf(world, [sessionReplicationRole])).toMatchObject([{ objects: ['target: replica'], statements: [] }]);
    } finally {
      await world.pair.target.restart({ session_replication_role: 'origin' });
    }
  });
});

describe('a switch with another session_replication_role (#9.4)', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers(SWITCHABLE);
  });
  afterAll(() => servers?.destroy());

  it.each(['source', 'target'] as const)('does not begin where the %s has replica', async (side) => {
    const world = await letInApplication(await servers.replicated());
    try {
      const before = await fenceOn(world, 'source');
      await beHostile(world, side, 'role in database', REPLICA);
      await expect(world.visit('SwitchOver')).rejects.toMatchObject({
        name: 'SwitchFailed',
        message: expect.stringMatching(
          /session_replication_role = replica.* nothing was fenced .*alter role .* reset session_replication_role;/s,
        ),
      });
      expect(await fenceOn(world, 'source')).toEqual(before);
      expect(await writeAt(world, 'source')).toBe('written');
      await beFriendly(world, side);
      expect(await world.visit('SwitchOver')).toMatchObject({ verdict: 'done' });
    } finally {
      await world.destroy();
    }
  });
});
