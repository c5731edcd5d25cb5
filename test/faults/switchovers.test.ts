/** A server is replaced in the middle of every machine that does not switch, before a switch and after one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subscriptionName } from '../../lambdas/config/names.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { MachineName } from '../../lambdas/engine/machines.ts';
import type { Outcome } from '../../rehearsal/machines/execution.ts';
import { failSourceOver, switchTargetOver } from '../../rehearsal/servers/switchover.ts';
import { applicationOf, nothingIsLost, switchFrom } from '../support/expect-survives.ts';
import { type SwitchServers, type SwitchWorld, startSwitchServers } from '../support/switching.ts';

/** A statement of each machine, in the middle of which the server goes. */
const MIDDLE: Partial<Record<MachineName, Record<SideName, RegExp>>> = {
  Preflight: { source: /from pg_settings/, target: /from pg_settings/ },
  Replicate: { source: /pg_replication_slots/, target: /pg_subscription_rel/ },
  Rotation: { source: /planetscale_with_secret\(\$1/, target: /planetscale_with_secret\(\$1/ },
  Recovery: { source: /gate/, target: /gate/ },
  Cleanup: { source: /drop schema/, target: /drop schema/ },
};

type Kept = 'slots kept' | 'slots lost';

const replace = ({ world }: SwitchWorld, side: SideName, kept: Kept): Promise<void> => {
  const { source, target } = world.pair;
  if (side === 'source') return failSourceOver(source, kept === 'slots kept' ? 'stay' : 'go');
  return switchTargetOver(target, kept === 'slots kept' ? [subscriptionName(world.database.name, 'reverse')] : []);
};

/** The machine to its end, under writes, none of which is lost. */
async function struck(at: SwitchWorld, machine: MachineName, side: SideName, kept: Kept, serving: SideName): Promise<Outcome> {
  const writes = applicationOf(at);
  try {
    const statement = MIDDLE[machine]?.[side] ?? /./;
    const trigger = at.proxies[side].when(statement, 'request', () => replace(at, side, kept));
    const outcome = await at.start(machine, machine === 'Preflight' ? { forecastSeconds: 0 } : {}).ended;
    expect({ fired: trigger.fired, outcome }).toMatchObject({ fired: true });
    await trigger.done;
    expect(await at.secret.pointsAt()).toBe(serving);
    await nothingIsLost(at, writes, serving);
    return outcome;
  } finally {
    at.proxies[side].disarm();
    writes.abandon();
    await writes.stop();
  }
}

describe('a server replaced during a migration (#10)', () => {
  let servers: SwitchServers;
  let before: SwitchWorld;
  let after: SwitchWorld;
  beforeAll(async () => {
    servers = await startSwitchServers();
    before = await servers.world();
  });
  afterAll(() => servers?.destroy());

  describe('before a switch', () => {
    it.each([
      ['Preflight', 'source', 'slots kept'],
      ['Preflight', 'target', 'slots lost'],
      ['Replicate', 'source', 'slots kept'],
      ['Replicate', 'target', 'slots lost'],
      ['Rotation', 'source', 'slots kept'],
      ['Rotation', 'target', 'slots lost'],
      ['Recovery', 'source', 'slots kept'],
      ['Recovery', 'target', 'slots lost'],
    ] as const)('%s goes on: the %s, %s', async (machine, side, kept) => {
      expect((await struck(before, machine, side, kept, 'source')).failure?.cause).toBeUndefined();
    });

    it.each([
      ['Rotation', 'ReplicationBroken', /The password is changed everywhere.*is gone from the source.*failed over/s],
      ['Replicate', 'ReplicationBroken', /is gone from the source.*the application is not affected/s],
    ] as const)('%s reports a source that has lost the slot of the stream', async (machine, error, says) => {
      const { failure } = await struck(before, machine, 'source', 'slots lost', 'source');
      expect(failure?.error, failure?.cause).toBe(error);
      expect(failure?.cause).toMatch(says);
    });

    it.each([
      ['source', 'slots kept'],
      ['target', 'slots lost'],
    ] as const)('Cleanup removes every artifact: the %s, %s', async (side, kept) => {
      const at = side === 'source' ? before : await servers.world();
      expect((await struck(at, 'Cleanup', side, kept, 'source')).failure?.cause).toBeUndefined();
      for (const sql of Object.values(at.sql)) expect(await sql(OWN_SLOTS, [at.world.database.name])).toEqual([]);
    });
  });

  describe('after a switch', () => {
    beforeAll(async () => {
      after = await servers.world();
      await switchFrom(after, 'source');
    });

    it.each([
      ['Preflight', 'target', 'slots kept', 'NotReady'],
      ['Replicate', 'source', 'slots lost', 'NotReady'],
      ['Rotation', 'target', 'slots kept', undefined],
      ['Recovery', 'target', 'slots kept', undefined],
      ['Recovery', 'source', 'slots lost', undefined],
    ] as const)('%s of the %s, %s', async (machine, side, kept, error) => {
      const { failure } = await struck(after, machine, side, kept, 'target');
      expect(failure?.error, failure?.cause).toBe(error);
      if (failure) expect(failure.cause).toContain('AlreadySwitched');
    });

    it('Rollback passes on a target that kept the slot', async () => {
      await switchFrom(after, 'target');
      await switchFrom(after, 'source');
    });

    it.each([
      ['Rotation', 'ReplicationBroken', /is gone from the target.*Clusters → Parameters → Failover.*There is no way back/s],
      ['Rollback', 'RollbackRefused', /is gone from the target.*would lose every write to the target since the switch/s],
      ['Recovery', undefined, undefined],
    ] as const)('%s reports that the way back is lost with the slot of the target', async (machine, error, says) => {
      const { failure } = await struck(after, machine, 'target', 'slots lost', 'target');
      expect(failure?.error, failure?.cause).toBe(error);
      if (says) expect(failure?.cause).toMatch(says);
    });

    it('Cleanup removes every artifact that is left', async () => {
      expect((await struck(after, 'Cleanup', 'source', 'slots lost', 'target')).failure?.cause).toBeUndefined();
      for (const sql of Object.values(after.sql)) expect(await sql(OWN_SLOTS, [after.world.database.name])).toEqual([]);
    });
  });
});

const OWN_SLOTS = `select slot_name from pg_replication_slots where database = $1`;
