import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPLICATION_ROLE, subscriptionName } from '../../../lambdas/config/names.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import { INVALID_PASSWORD } from '../../../lambdas/postgres/sqlstates.ts';
import { lockHeartbeats, writeHeartbeat } from '../../../lambdas/state/heartbeat.sql.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually, replicated } from '../../support/replicated.ts';
import { letInApplication, SWITCHABLE, writeAt } from '../../support/switchable.ts';
import { loginAs, REPLICATION_PASSWORD, sqlOn, startWorld, type World } from '../../support/world.ts';

/** What a side says to the replication role with this password: `in`, or the SQLSTATE. */
async function tellsRole(world: World, side: SideName, password: string): Promise<string> {
  try {
    await sqlOn(loginAs(world, side, REPLICATION_ROLE, password))('select 1');
    return 'in';
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

/** Which sides each password lets the role into. */
async function lettingIn(world: World, passwords: Readonly<Record<SideName, string>>): Promise<Record<SideName, SideName[]>> {
  const sides: readonly SideName[] = ['source', 'target'];
  const into = async (password: string) => {
    const answers = await Promise.all(sides.map((side) => tellsRole(world, side, password)));
    return sides.filter((_, index) => answers[index] === 'in');
  };
  return { source: await into(passwords.source), target: await into(passwords.target) };
}

/** Writes beside a rotation, a heartbeat with every row, until it is told to stop. */
function keepWriting(world: World, side: SideName): { readonly written: () => number; stop(): Promise<number> } {
  const ports = world.ports('Beats');
  let written = 0;
  let stopped = false;
  const writing = (async () => {
    while (!stopped) {
      await world[side]('insert into public.written default values');
      await ports.acting[side].transaction(async (session) => {
        await session.query(lockHeartbeats());
        await session.query(writeHeartbeat(`beat ${side} ${written}`));
      });
      written += 1;
    }
    return written;
  })();
  return {
    written: () => written,
    stop() {
      stopped = true;
      return writing;
    },
  };
}

const COUNTED = `select (select count(*)::int from public.written) as rows,
  (select json_build_array(min(id), max(id), count(*)) from planetscale_migration.heartbeat) as heartbeats`;

/** Rotates under writes on one side, and waits until everything has arrived on the other. */
async function rotateUnderWrites(world: World, from: SideName, to: SideName, execution: string) {
  const writer = keepWriting(world, from);
  await eventually(async () => writer.written() > 5);
  const result = await world.until('RotatePassword', { execution });
  const during = writer.written();
  await eventually(async () => writer.written() > during + 5);
  await writer.stop();
  const [left] = await world[from](COUNTED);
  await eventually(async () => JSON.stringify(await world[to](COUNTED)) === JSON.stringify([left]));
  const [first, last, count] = [left?.heartbeats].flat() as number[];
  expect([first, last]).toEqual([1, count]);
  return result;
}

const effect = async (world: World) => ({
  connection: await world.target('select subconninfo from pg_subscription'),
  old: await tellsRole(world, 'source', REPLICATION_PASSWORD),
});

describe('RotatePassword', () => {
  describeLifecycle('RotatePassword', { world: () => replicated(SWITCHABLE), effect });
});

describe.each([
  [15, 18],
  [11, 17],
  [18, 17],
] as const)('the stream from %i to %i and back', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await letInApplication(await replicated({ ...SWITCHABLE, source, target }));
  });
  afterAll(() => world?.destroy());

  it('gets a new password under writes, and loses nothing', async () => {
    const before = await effect(world);
    const result = await rotateUnderWrites(world, 'source', 'target', 'before the switch');
    const name = subscriptionName(world.database.name);
    expect(result.evidence).toEqual({
      renewed: true,
      roles: [
        { side: 'source', works: true },
        { side: 'target', works: true },
      ],
      streams: [{ subscription: name, on: 'target', hasPassword: true, enabled: true, flows: true }],
    });
    const after = await effect(world);
    expect(after.connection).not.toEqual(before.connection);
    expect(after.old).toBe(INVALID_PASSWORD);
    expect(await tellsRole(world, 'source', await world.places.replication.password())).toBe('in');
  });

  it('is trusted by the other steps afterwards', async () => {
    expect(await world.visit('CreateReplicationRole')).toMatchObject({ evidence: { passwordWorks: true } });
    expect(await world.visit('CreateSubscription')).toMatchObject({ verdict: 'done' });
  });

  it('gets another password after the switch, and each side keeps one of its own (#9.13)', async () => {
    await world.visit('SwitchOver');
    const { replication } = world.places;
    const between = { source: await replication.password('source'), target: await replication.password('target') };
    expect(await lettingIn(world, between)).toEqual({ source: ['source'], target: ['target'] });
    const result = await rotateUnderWrites(world, 'target', 'source', 'after the switch');
    const name = subscriptionName(world.database.name, 'reverse');
    expect(result.evidence).toMatchObject({
      roles: [
        { side: 'source', works: true },
        { side: 'target', works: true },
      ],
      streams: [{ subscription: name, on: 'source', hasPassword: true, enabled: true, flows: true }],
    });
    expect(await lettingIn(world, between)).toEqual({ source: [], target: [] });
    const now = { source: await replication.password('source'), target: await replication.password('target') };
    expect(await lettingIn(world, now)).toEqual({ source: ['source'], target: ['target'] });
  });

  it('still leads back', async () => {
    await world.visit('SwitchBack');
    expect(await writeAt(world, 'source')).toBe('written');
    expect(await rotateUnderWrites(world, 'source', 'target', 'after the way back')).toMatchObject({ verdict: 'done' });
  });
});

describe('a rotation that cannot be completed', () => {
  it('refuses a subscription that it did not make, before it makes a password', async () => {
    const world = await replicated();
    try {
      await world.target(`comment on subscription "${subscriptionName(world.database.name)}" is 'mine'`);
      await expect(world.visit('RotatePassword')).rejects.toMatchObject({ name: 'ReplicationBroken' });
      expect(await world.places.replication.password()).toBe(REPLICATION_PASSWORD);
    } finally {
      await world.destroy();
    }
  });

  it('only renews the secret where nothing is created yet', async () => {
    const world = await startWorld();
    try {
      await expect(world.visit('RotatePassword')).resolves.toMatchObject({
        verdict: 'done',
        evidence: { renewed: true, roles: [], streams: [] },
      });
      expect(await world.places.replication.password()).not.toBe(REPLICATION_PASSWORD);
    } finally {
      await world.destroy();
    }
  });

  it('reports after a while that the subscriber does not reconnect', async () => {
    const world = await replicated();
    try {
      await world.visit('RotatePassword');
      await world.source(`alter role ${REPLICATION_ROLE} noreplication`);
      await eventually(async () => {
        await world.source('select pg_terminate_backend(pid) from pg_stat_replication');
        return (await world.source('select from pg_replication_slots where active')).length === 0;
      });
      expect(await world.visit('RotatePassword')).toMatchObject({ verdict: 'pending' });
      const since = new Date(Date.now() - 301_000).toISOString();
      const late = world.visit('RotatePassword', { state: { RotatePassword: { since, evidence: null } } });
      await expect(late).rejects.toMatchObject({ name: 'CannotConnect', message: expect.stringContaining('the slot keeps everything') });
    } finally {
      await world.destroy();
    }
  });
});
