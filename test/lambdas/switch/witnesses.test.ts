/** Both sides writable, or neither: what is done about a switch when the witnesses of its commit disagree. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidConfiguration } from '../../../lambdas/config/errors.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import { createSlot } from '../../../lambdas/replication/slots.sql.ts';
import { commitGate } from '../../../lambdas/state/gates.sql.ts';
import { liftFence } from '../../../lambdas/steps/lift-fence.ts';
import { holdForward } from '../../support/held.ts';
import { ATTEMPT, fenced } from '../../support/partial-switch.ts';
import { eventually, type SharedServers, sharedServers } from '../../support/replicated.ts';
import { forgetCommit, forgetSwitch } from '../../support/sides.ts';
import { letInApplication, SWITCHABLE, variableSecret, writableSides, writeAt } from '../../support/switchable.ts';
import { MANY_TRIES, type World } from '../../support/world.ts';

describe.each([
  [11, 17],
  [15, 18],
] as const)('the records of a commit, from %i to %i', (source, target) => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ ...SWITCHABLE, source, target });
  });
  afterAll(() => servers?.destroy());

  /** A world whose application reads a secret, which refuses to be written as long as `refusing` says so. */
  const inWorld =
    (test: (world: World, secret: ReturnType<typeof variableSecret> & { refusing: boolean }) => Promise<void>) => async () => {
      const world = await letInApplication(await servers.replicated());
      const variable = variableSecret();
      const secret = Object.assign(variable, {
        refusing: false,
        async pointAt(side: SideName) {
          if (secret.refusing) throw new InvalidConfiguration('the secret is locked');
          if (variable.history.at(-1) !== side) (variable.history as SideName[]).push(side);
        },
      });
      (world.places as { application: unknown }).application = secret;
      try {
        await test(world, secret);
      } finally {
        await world.destroy();
      }
    };

  it.each([
    ['its commit', forgetCommit],
    ['its fence and its commit', forgetSwitch],
  ] as const)('complete a switch whose own side has lost %s, and do not open that side (#9.1)', async (_, forget) =>
    inWorld(async (world, secret) => {
      await world.visit('SwitchOver');
      expect(await writeAt(world, 'target')).toBe('written');
      await forget(world, 'source');
      expect(await world.until('LiftFence', { input: { execution: 'test' } })).toMatchObject({
        evidence: { serving: 'target', gates: { source: 'closed', target: 'open' }, interrupted: null },
      });
      expect(await writableSides(world)).toEqual(['target']);
      expect(secret.history.at(-1)).toBe('target');
      // The way back is still there, and brings everything.
      await eventually(async () => (await world.source('select from public.written')).length > 0);
      await world.visit('SwitchBack', { execution: 'back' });
      expect(await writableSides(world)).toEqual(['source']);
      expect(await world.source('select from public.written')).toHaveLength(3);
    })(),
  );

  it(
    'in the secret count where both gates have lost the commit (#9.1)',
    inWorld(async (world, secret) => {
      await fenced(world);
      await holdForward(world);
      await secret.pointAt('target');
      expect(await world.until('LiftFence', { input: { execution: 'test' } })).toMatchObject({
        evidence: { serving: 'target', gates: { source: 'closed', target: 'open' } },
      });
      expect(await writableSides(world)).toEqual(['target']);
      expect(await writeAt(world, 'target')).toBe('written');
      await eventually(async () => (await world.source('select from public.written')).length > 0);
    }),
  );

  it(
    'exclude a secret that was changed by hand while the stream still runs (#9.1)',
    inWorld(async (world, secret) => {
      await fenced(world);
      await secret.pointAt('target');
      await world.until('LiftFence', { input: { execution: 'test' } });
      expect(await writableSides(world)).toEqual(['source']);
    }),
  );

  it(
    'make Cleanup refuse to open the fenced side (#9.1)',
    inWorld(async (world) => {
      await world.visit('SwitchOver');
      await forgetCommit(world, 'source');
      await expect(world.visit('DropReplication')).rejects.toThrow(/the source has yet to learn that it was left.*Start Recovery/s);
      expect(await writableSides(world)).toEqual(['target']);
      await world.until('LiftFence');
      await world.until('DropReplication');
    }),
  );

  it(
    'survive a cancelled attempt: Recovery completes a Rollback whose secret could not be written (#9.2)',
    inWorld(async (world, secret) => {
      await world.visit('SwitchOver');
      secret.refusing = true;
      await expect(world.visit('SwitchBack', { execution: 'back' })).rejects.toMatchObject({ name: 'SwitchIncomplete' });
      for (const execution of ['back', 'another', 'back']) {
        await expect(world.visit('LiftFence', { input: { execution } })).rejects.toThrow('the secret is locked');
      }
      secret.refusing = false;
      expect(await world.until('LiftFence', { input: { execution: 'back' } })).toMatchObject({
        evidence: { serving: 'source', interrupted: null },
      });
      expect(secret.history.at(-1)).toBe('source');
      expect(await writableSides(world)).toEqual(['source']);
      for (const execution of ['back', 'over']) await world.until('LiftFence', { input: { execution } });
      expect([secret.history.at(-1), await writableSides(world)]).toEqual(['source', ['source']]);
      await world.visit('SwitchOver', { execution: 'again' });
      expect([secret.history.at(-1), await writableSides(world)]).toEqual(['target', ['target']]);
    }),
  );

  it(
    'keep a switch from beginning while the one before is incomplete (#9.2)',
    inWorld(async (world, secret) => {
      await world.visit('SwitchOver');
      secret.refusing = true;
      await expect(world.visit('SwitchBack')).rejects.toMatchObject({ name: 'SwitchIncomplete' });
      await expect(world.visit('SwitchOver')).rejects.toThrow(/The switch to the source is not complete.*Start Recovery/s);
      expect(await writableSides(world)).toEqual(['source']);
    }),
  );

  it(
    'stop an abort of a switch that was committed meanwhile, and the way back stays (#9.3)',
    inWorld(async (world, secret) => {
      await fenced(world);
      const name = subscriptionName(world.database.name, 'reverse');
      let commit: (() => Promise<unknown>) | undefined = async () => {
        const { source, target } = world.ports('SwitchOver').acting;
        await target.query(createSlot(name, true));
        await source.query(commitGate(ATTEMPT));
      };
      const late = {
        ...liftFence,
        async inspect(ctx: Parameters<typeof liftFence.inspect>[0]) {
          const seen = await liftFence.inspect(ctx);
          await commit?.(); // between the inspection and the act
          commit = undefined;
          return seen;
        },
      };
      for (let tries = 0; ; tries += 1) {
        const { verdict } = await world.run('LiftFence', late, { input: { execution: 'test' } });
        if (verdict === 'done') break;
        expect(tries).toBeLessThan(MANY_TRIES);
      }
      expect([secret.history.at(-1), await writableSides(world)]).toEqual(['target', ['target']]);
      await eventually(
        async () => (await world.target(`select from pg_replication_slots where slot_name = '${name}' and active`)).length === 1,
      );
      await eventually(async () => (await world.source('select from public.written')).length === 1);
    }),
  );
});
