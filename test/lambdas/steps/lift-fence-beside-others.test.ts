import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlreadyRunning } from '../../../lambdas/config/errors.ts';
import { createGate, fenceGate } from '../../../lambdas/state/gates.sql.ts';
import { type SharedServers, sharedServers } from '../../support/replicated.ts';
import { fenceOn, SWITCHABLE } from '../../support/switchable.ts';
import { runningBeside, type World } from '../../support/world.ts';

const OLDER = 'the older one';
const input = { execution: 'refused' };

/** What Step Functions tells in a world. @param aside whether the execution that Recovery is for had stepped aside for the older one */
const beside = (world: World, aside: boolean) =>
  Object.assign(world.places, { executions: { ...runningBeside(OLDER), steppedAside: async () => aside } });

async function fence(world: World, execution: string): Promise<void> {
  const { source } = world.ports('SwitchOver').acting;
  await source.query(createGate());
  await source.query(fenceGate({ seen: { epoch: 0, cancellations: 0 }, epoch: 1, execution, attempt: randomUUID(), seconds: 30 }));
}

describe('LiftFence beside an older running execution (#9.19)', () => {
  let servers: SharedServers;
  let world: World;
  beforeAll(async () => {
    servers = await sharedServers(SWITCHABLE);
    world = await servers.replicated();
  });
  afterAll(() => servers?.destroy());

  it('steps aside itself, for any execution', async () => {
    beside(world, false);
    await expect(world.visit('LiftFence', { input })).rejects.toThrow(AlreadyRunning);
    await expect(world.visit('LiftFence')).rejects.toThrow(AlreadyRunning);
  });

  it('succeeds for an execution that had stepped aside for the older one, and changes nothing', async () => {
    beside(world, true);
    const before = await fenceOn(world, 'source');
    const evidence = { leftTo: OLDER, interrupted: null };
    expect(await world.visit('LiftFence', { input })).toMatchObject({ verdict: 'done', evidence });
    expect(await fenceOn(world, 'source')).toEqual(before);
    await fence(world, OLDER);
    const fenced = await fenceOn(world, 'source');
    expect(fenced).not.toEqual(before);
    expect(await world.visit('LiftFence', { input })).toMatchObject({ verdict: 'done', evidence: { leftTo: OLDER } });
    expect(await fenceOn(world, 'source')).toEqual(fenced);
  });

  it('fails where the execution that had stepped aside has left a fence', async () => {
    beside(world, true);
    await world.source(`begin read write; update planetscale_migration.gate set execution = '${input.execution}'; commit`);
    await expect(world.visit('LiftFence', { input })).rejects.toThrow(AlreadyRunning);
  });
});
