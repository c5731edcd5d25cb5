/** An ordinary user of another database who holds the row of ours in pg_database. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import { identifier } from '../../../lambdas/postgres/quote.ts';
import { fenceGate, gateState } from '../../../lambdas/state/gates.sql.ts';
import { ensureGate } from '../../../lambdas/state/gates.ts';
import { armDeadMan } from '../../../lambdas/switch/fence.ts';
import { ATTEMPT, committed, fenced } from '../../support/partial-switch.ts';
import { eventually, type SharedServers, sharedServers } from '../../support/replicated.ts';
import { fenceOn, letInApplication, SWITCHABLE, writableSides, writeAt } from '../../support/switchable.ts';
import { versions } from '../../support/versions.ts';
import { loginAs, type World } from '../../support/world.ts';

const PASSWORD = 'an ordinary user';

/** A session in the database `postgres`, whose transaction stays open. */
async function holdDatabase(world: World, side: SideName): Promise<pg.Client> {
  await world[side](`set transaction read write;
do $$ begin create role passer_by login password '${PASSWORD}'; exception when duplicate_object then null; end $$`);
  const client = new pg.Client(clientConfig({ ...loginAs(world, side, 'passer_by', PASSWORD), database: 'postgres' }, 'psql'));
  client.on('error', () => {}); // it is ended, which is what the test is about
  await client.connect();
  await client.query(`begin; grant connect on database ${identifier(world.database.name)} to passer_by`);
  return client;
}

describe.each(versions([11, 17] as const, [13, 18] as const, [17, 18] as const))(
  'a lock on pg_database held by an ordinary user of another database, from %i to %i',
  (source, target) => {
    let servers: SharedServers;
    beforeAll(async () => {
      servers = await sharedServers({ ...SWITCHABLE, source, target });
    });
    afterAll(() => servers?.destroy());

    const inWorld = (test: (world: World) => Promise<void>) => async () => {
      const world = await letInApplication(await servers.replicated());
      try {
        await test(world);
      } finally {
        await world.destroy();
      }
    };

    it(
      'does not keep the server-side timer from lifting the fence (#9.5)',
      inWorld(async (world) => {
        const before = await fenceOn(world, 'source');
        const { source } = world.ports('SwitchOver').acting;
        const seen = await ensureGate(source);
        const [lifts, unblocks] = [await source.session('fence'), await source.session('fence-locks')];
        armDeadMan({ lifts, unblocks }, { attempt: ATTEMPT, seconds: 1 });
        await source.query(fenceGate({ seen, epoch: 1, execution: 'dead', attempt: ATTEMPT, seconds: 1 }));
        const holder = await holdDatabase(world, 'source');
        for (const session of [lifts, unblocks]) session.leave();
        await eventually(async () => (await writeAt(world, 'source')) === 'written');
        expect(await fenceOn(world, 'source')).toEqual(before);
        await expect(holder.query('select')).rejects.toThrow();
      }),
    );

    it(
      'does not keep LiftFence from lifting the fence (#9.5)',
      inWorld(async (world) => {
        await fenced(world);
        await holdDatabase(world, 'source');
        await world.until('LiftFence', { input: { execution: 'test' } });
        expect(await writableSides(world)).toEqual(['source']);
      }),
    );

    it(
      'does not keep the new serving side from opening (#9.5)',
      inWorld(async (world) => {
        await committed(world);
        await holdDatabase(world, 'target');
        await world.until('LiftFence');
        expect(await writableSides(world)).toEqual(['target']);
      }),
    );

    it(
      'makes a switch give up before it fences, naming the session that has to end (#9.5)',
      inWorld(async (world) => {
        const holder = await holdDatabase(world, 'source');
        await expect(world.visit('SwitchOver', { input: { fenceSeconds: 10 } })).rejects.toThrow(
          /Nothing was switched: Locks that the fence needs are held by pid \d+ of passer_by in the database postgres \(psql\)/,
        );
        expect(await writableSides(world)).toEqual(['source']);
        expect((await world.ports('SwitchOver').acting.source.query(gateState()))[0]?.state).toBe('open');
        await holder.query('rollback');
        await holder.end();
        await world.visit('SwitchOver', { execution: 'another' });
        expect(await writableSides(world)).toEqual(['target']);
      }),
    );
  },
);
