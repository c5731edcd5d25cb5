/** A commit outlives a crash before anything follows from it, whatever the database and our role say of durability. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import { identifier } from '../../../lambdas/postgres/quote.ts';
import { replicated } from '../../support/replicated.ts';
import { letInApplication, SWITCHABLE, variableSecret, writableSides } from '../../support/switchable.ts';
import { versions } from '../../support/versions.ts';
import type { World } from '../../support/world.ts';

describe.each(versions([11, 17] as const, [15, 18] as const, [18, 18] as const))(
  'a switch with synchronous_commit = off, from %i to %i',
  (source, target) => {
    let world: World;
    let crash: ((side: SideName) => Promise<void>) | undefined;
    const secret = variableSecret();
    beforeAll(async () => {
      // The WAL of a commit that did not wait for it is not flushed until long after the crash.
      const lazy = { wal_writer_delay: '10s', bgwriter_delay: '10s' };
      const options = { ...SWITCHABLE, source, target, sourceParameters: { ...SWITCHABLE.sourceParameters, ...lazy } };
      const application = {
        ...secret,
        async pointAt(side: SideName) {
          const now = crash;
          crash = undefined;
          await now?.(side === 'target' ? 'source' : 'target');
          await secret.pointAt(side);
        },
      };
      world = await letInApplication(await replicated({ ...options, application }));
      for (const [side, user] of [
        ['source', world.places.source.user],
        ['target', world.database.roles.target],
      ] as const) {
        const database = identifier(world.database.name);
        await world[
          side
        ](`alter database ${database} set synchronous_commit = off; alter role ${identifier(user)} set synchronous_commit = off;
alter role ${identifier(user)} in database ${database} set synchronous_commit = off`);
      }
    });
    afterAll(() => world?.destroy());

    it('keeps its commit where the fenced side crashes before the secret is changed (#9.1)', async () => {
      crash = (side) => world.pair[side].restart({}, 'crash');
      const outcome = await world.visit('SwitchOver').catch((error: Error) => error.name);
      expect(crash, 'the crash came').toBeUndefined();
      expect(outcome).toMatchObject({ verdict: 'done' });
      // By itself, and not because Recovery has read the other records.
      expect(await world.source('select state, commits from planetscale_migration.gate')).toEqual([{ state: 'closed', commits: 1 }]);
      expect(await writableSides(world)).toEqual(['target']);
      expect(await world.until('LiftFence', { input: { execution: 'test' } })).toMatchObject({ evidence: { serving: 'target' } });
      expect([await writableSides(world), secret.history.at(-1)]).toEqual([['target'], 'target']);
    });
  },
);
