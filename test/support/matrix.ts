/** The fault matrix, one phase of a switch at a time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorName } from '../../lambdas/config/errors.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import { type End, expectSurvives } from './expect-survives.ts';
import { FAULTS, type Fault, type FaultName } from './faults.ts';
import { PHASES } from './phases.ts';
import { type SwitchServers, type SwitchWorld, startSwitchServers } from './switching.ts';

/** @param how status of the execution, or the error with which it failed @param says what its message says */
export const ended = (how: 'SUCCEEDED' | 'ABORTED' | ErrorName, serves: SideName, says?: RegExp): End =>
  how === 'SUCCEEDED' || how === 'ABORTED' ? { status: how, serves } : { status: 'FAILED', error: how, serves, ...(says ? { says } : {}) };

/**
 * Declares a test for each fault. They share a world, which each leaves as it found it, so that every one also proves that the one before
 * left it fit for use; after a case that failed, or that nothing can follow, the next gets a new one.
 */
export function survivesFaults(phase: keyof typeof PHASES, ends: Readonly<Partial<Record<FaultName, End>>>): void {
  describe(`a switch, ${phase.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`, () => {
    let servers: SwitchServers;
    let world: SwitchWorld | undefined;
    beforeAll(async () => {
      servers = await startSwitchServers();
    });
    afterAll(() => servers?.destroy());

    it.each(Object.entries(ends) as [FaultName, End][])('survives: %s', async (name, end) => {
      expect.hasAssertions();
      const at = world ?? (await servers.world());
      world = undefined;
      const fault: Fault = FAULTS[name];
      await expectSurvives(at, PHASES[phase], fault, end);
      if (!(end.final ?? fault.final)) world = at;
    });
  });
}
