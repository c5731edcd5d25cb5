/** The numbers of the watch on real servers, in every state that a person would be called for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPorts } from '../../../lambdas/adapters/open-ports.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import { collectMetrics, type Snapshot } from '../../../lambdas/monitoring/collect.ts';
import { MetricHistory } from '../../../lambdas/monitoring/history.ts';
import { CONFIRMATION_TIMEOUT_MS } from '../../../lambdas/monitoring/lag.ts';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { fenceGate, liftFence } from '../../../lambdas/state/gates.sql.ts';
import { ensureGate } from '../../../lambdas/state/gates.ts';
import { HOSTILE_TABLES, hostileRows } from '../../support/hostile.ts';
import { eventually, published, replicated, type SharedServers, sharedServers, tableStates } from '../../support/replicated.ts';
import { letInApplication, SWITCHABLE, writeAt } from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

/** The hostile ones, the application's and the heartbeat. */
const TABLES = HOSTILE_TABLES.length + 2;
const MINUTE = 60_000;

interface Circumstances {
  readonly memory?: MetricHistory;
  readonly finished?: boolean;
  readonly now?: number;
  /** A side that does not answer. */
  readonly away?: 'source' | 'target';
}

/** One collection, as the function makes it. */
async function look(
  world: World,
  { memory = new MetricHistory(), finished = true, now = Date.now(), away }: Circumstances = {},
): Promise<Snapshot> {
  const closed = (side: 'source' | 'target') => (side === away ? { ...world.places[side], port: 1 } : world.places[side]);
  const ports = openPorts('Watch', { source: closed('source'), target: closed('target') });
  const { source, target } = ports.looking as { source: Reader; target: Reader };
  try {
    return await collectMetrics({ source, target }, memory, finished, now);
  } finally {
    await ports.close();
  }
}

/** The measures of a complete collection. */
async function measuresOf(world: World, circumstances: Circumstances = {}) {
  const { measures, failures } = await look(world, circumstances);
  expect(failures).toEqual([]);
  return measures;
}

/** Waits for a collection with these measures. */
async function shows(world: World, expected: Snapshot['measures'], circumstances: Circumstances = {}): Promise<Snapshot['measures']> {
  let measures: Snapshot['measures'] = {};
  await eventually(async () => {
    ({ measures } = await look(world, circumstances));
    return Object.entries(expected).every(([name, value]) => measures[name as keyof typeof measures] === value);
  });
  return measures;
}

const inSession = async (world: World, side: 'source' | 'target', text: string) => {
  const session = await world.ports('holder').acting[side].session('lock');
  await session.script(text);
  return session;
};

const HEALTHY = { SlotActive: 1, SubscriptionRunning: 1, HistoryBroken: 0, HeartbeatGaps: 0, FenceHeldSeconds: 0, ServingTarget: 0 };

describe('collecting metrics', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers(SWITCHABLE);
  });
  afterAll(() => servers?.destroy());
  const inWorld = (make: () => Promise<World>, test: (world: World) => Promise<void>) => async () => {
    const world = await make();
    try {
      await test(world);
    } finally {
      await world.destroy();
    }
  };

  it(
    'measures nothing without a migration',
    inWorld(
      () => servers.published(),
      async (world) => {
        expect(await look(world)).toEqual({ stream: 'forward', measures: {}, notices: [], failures: [] });
      },
    ),
  );

  it(
    'shows the progress of a copy, and since when it has stalled',
    inWorld(
      () => servers.published(),
      async (world) => {
        const lock = await inSession(world, 'target', 'begin; lock table public.plain in share mode');
        const memory = new MetricHistory();
        try {
          await world.until('CreateSubscription');
          const now = Date.now();
          const seen = await shows(world, { Tables: TABLES, TablesReady: TABLES - 1 }, { memory, now });
          expect(seen.CopyPercent).toBeGreaterThan(0);
          expect(seen.CopyPercent).toBeLessThan(100);
          expect(seen.CopyBytes).toBeLessThan(seen.CopyBytesTotal ?? 0);
          expect(seen).toMatchObject({ CopyIdleSeconds: 0, ReadyToCutOver: 0 });
          expect(seen.TargetBytes).toBeGreaterThan(1_000_000);
          // The lock lets one more collection find progress of the other tables; the next one finds none.
          await measuresOf(world, { memory, now: now + MINUTE });
          const idle = await measuresOf(world, { memory, now: now + 31 * MINUTE });
          expect(idle.CopyIdleSeconds).toBeGreaterThanOrEqual(1_800);
        } finally {
          await lock.end();
        }
        const done = await shows(world, { TablesReady: TABLES, CopyPercent: 100 }, { memory });
        expect(Object.keys(done)).not.toContain('CopyIdleSeconds');
      },
    ),
  );

  it(
    'shows a stream in step as ready for Cutover once Replicate has succeeded',
    inWorld(
      () => servers.replicated(),
      async (world) => {
        const seen = await shows(world, { ...HEALTHY, ReadyToCutOver: 1 });
        expect(seen).toMatchObject({ CopyPercent: 100, Tables: TABLES, TablesReady: TABLES });
        expect(seen.LagMilliseconds).toBeLessThan(CONFIRMATION_TIMEOUT_MS);
        expect(seen.WalKeptBytes).toBeGreaterThanOrEqual(0);
        expect(seen.TransactionIdAge).toBeGreaterThanOrEqual(0);
        expect(await measuresOf(world, { finished: false })).toMatchObject({ ReadyToCutOver: 0 });
      },
    ),
  );

  it(
    'shows the lag in bytes and in time where the subscriber cannot apply',
    inWorld(
      () => servers.replicated(),
      async (world) => {
        const memory = new MetricHistory();
        const now = Date.now();
        await shows(world, { ...HEALTHY }, { memory, now });
        const lock = await inSession(world, 'target', 'begin; lock table public.plain in share mode');
        try {
          await world.asSourceRole(hostileRows(50_000, 1_000));
          const first = await measuresOf(world, { memory, now: now + MINUTE });
          const later = await measuresOf(world, { memory, now: now + 20 * MINUTE });
          expect(first.LagBytes).toBeGreaterThan(10_000);
          expect(first.LagMilliseconds).toBeGreaterThanOrEqual(CONFIRMATION_TIMEOUT_MS);
          // The WAL that is not confirmed was written after the collection at `now`.
          expect(later.LagMilliseconds).toBeGreaterThanOrEqual(19 * MINUTE);
          expect(later).toMatchObject({ ReadyToCutOver: 0 });
        } finally {
          await lock.end();
        }
        await shows(world, { ReadyToCutOver: 1 }, { memory });
      },
    ),
  );

  it(
    'counts the errors since the last collection',
    inWorld(
      () => servers.replicated(),
      async (world) => {
        const memory = new MetricHistory();
        expect(await measuresOf(world, { memory })).not.toHaveProperty('ApplyErrors');
        expect(await measuresOf(world, { memory })).toMatchObject({ ApplyErrors: 0 });
        await world.target('insert into public.plain (id) values (70000)');
        await world.asSourceRole('insert into public.plain (id) values (70000)');
        let errors = 0;
        await eventually(async () => {
          errors += (await measuresOf(world, { memory })).ApplyErrors ?? 0;
          return errors >= 2;
        });
        await world.target('delete from public.plain where id = 70000');
        await eventually(async () => (await measuresOf(world, { memory })).ApplyErrors === 0);
      },
    ),
  );

  it(
    'shows a heartbeat that did not arrive',
    inWorld(
      () => servers.replicated(),
      async (world) => {
        await world.until('AwaitConvergence');
        await shows(world, HEALTHY);
        await world.target('delete from planetscale_migration.heartbeat where id = 2');
        expect(await measuresOf(world)).toMatchObject({ HeartbeatGaps: 1, HistoryBroken: 0, ReadyToCutOver: 0 });
      },
    ),
  );

  it(
    'shows a disabled subscription, and a missing one',
    inWorld(
      () => servers.replicated(),
      async (world) => {
        const name = subscriptionName(world.database.name);
        await world.target(`alter subscription ${name} disable`);
        await shows(world, { SubscriptionRunning: 0, SlotActive: 0, HistoryBroken: 0, ReadyToCutOver: 0 });
        expect((await look(world)).notices, 'what an alarm leads to (#10)').toEqual([
          expect.stringMatching(/is disabled, and not by this migration.*make room.*on the target: alter subscription .* enable;/),
        ]);
        await world.target(`alter subscription ${name} set (slot_name = none); drop subscription ${name}`);
        const seen = await shows(world, { SubscriptionRunning: 0, SlotActive: 0 });
        expect(seen.WalKeptBytes).toBeGreaterThanOrEqual(0);
      },
    ),
  );

  it(
    'counts the seconds of a fence',
    inWorld(
      () => servers.replicated(),
      async (world) => {
        const { source } = world.ports('fence').acting;
        const seenGate = await ensureGate(source);
        const { epoch } = seenGate;
        const fence = {
          seen: seenGate,
          epoch: epoch + 1,
          execution: 'test',
          attempt: '00000000-0000-4000-8000-000000000000',
          seconds: 600,
        };
        await source.query(fenceGate(fence));
        const seen = await measuresOf(world, { now: Date.now() + 2 * MINUTE });
        expect(seen.FenceHeldSeconds).toBeGreaterThanOrEqual(110);
        expect(seen.FenceHeldSeconds).toBeLessThan(180);
        expect(seen).toMatchObject({ ServingTarget: 0, ReadyToCutOver: 0 });
        const blind = await look(world, { away: 'target', now: Date.now() + 2 * MINUTE });
        expect(blind.measures.FenceHeldSeconds).toBeGreaterThanOrEqual(110);
        await source.query(liftFence());
        expect(await measuresOf(world)).toMatchObject({ FenceHeldSeconds: 0 });
      },
    ),
  );

  it(
    'follows the stream back after a Cutover, and the stream over after a Rollback',
    inWorld(
      async () => letInApplication(await servers.replicated()),
      async (world) => {
        const memory = new MetricHistory();
        await shows(world, HEALTHY, { memory });
        await world.visit('SwitchOver');
        expect(await writeAt(world, 'target')).toBe('written');
        const back = await shows(world, { ...HEALTHY, ServingTarget: 1 }, { memory });
        expect(back).toMatchObject({ ReadyToCutOver: 0, Tables: TABLES, TablesReady: TABLES });
        expect(back.LagMilliseconds).toBeLessThan(CONFIRMATION_TIMEOUT_MS);
        expect((await look(world)).stream).toBe('reverse');
        // Each side alone leads to the same stream.
        expect((await look(world, { away: 'source' })).stream).toBe('reverse');
        expect((await look(world, { away: 'target' })).stream).toBe('reverse');
        await world.visit('SwitchBack');
        await shows(world, { ...HEALTHY, ServingTarget: 0, ReadyToCutOver: 1 }, { memory });
        expect((await look(world)).stream).toBe('forward');
      },
    ),
  );

  it(
    'measures what it can where one side is unreachable, and says that it is incomplete',
    inWorld(
      () => servers.replicated(),
      async (world) => {
        const withoutTarget = await look(world, { away: 'target' });
        expect(withoutTarget.failures).toHaveLength(1);
        expect(withoutTarget.measures).toMatchObject({ SlotActive: 1, ReadyToCutOver: 0 });
        expect(withoutTarget.measures.WalKeptBytes).toBeGreaterThanOrEqual(0);
        expect(withoutTarget.measures).not.toHaveProperty('ServingTarget');
        const withoutSource = await look(world, { away: 'source' });
        expect(withoutSource.failures).toHaveLength(1);
        expect(withoutSource.measures).toMatchObject({ SubscriptionRunning: 1, TablesReady: TABLES, ReadyToCutOver: 0 });
        const neither = await look(
          { ...world, places: { ...world.places, source: { ...world.places.source, port: 1 } } },
          { away: 'target' },
        );
        expect(neither.failures).toHaveLength(2);
        expect(neither.measures).toEqual({});
      },
    ),
  );
});

describe.each([
  [11, 18],
  [13, 17],
] as const)('collecting metrics from %i to %i', (source, target) => {
  it('asks no side for what its version lacks, in both directions', async () => {
    const world = await letInApplication(await replicated({ ...SWITCHABLE, source, target }));
    try {
      const memory = new MetricHistory();
      const there = await shows(world, { ...HEALTHY, ReadyToCutOver: 1 }, { memory });
      expect(await measuresOf(world, { memory })).toHaveProperty('ApplyErrors', 0);
      expect(Object.keys(there)).toEqual(expect.arrayContaining(['LagBytes', 'LagMilliseconds', 'WalKeptBytes', 'TransactionIdAge']));
      await world.visit('SwitchOver');
      await shows(world, { ...HEALTHY, ServingTarget: 1 }, { memory });
      // The source is the subscriber now, and too old to count errors.
      expect(await measuresOf(world, { memory })).not.toHaveProperty('ApplyErrors');
    } finally {
      await world.destroy();
    }
  });
});

describe('collecting metrics of a slot with a limit', () => {
  it('shows the hours that are left, and a lost slot', async () => {
    const world = await replicated({
      source: 15,
      sourceParameters: { max_slot_wal_keep_size: '64MB', max_wal_size: '64MB', min_wal_size: '32MB', wal_keep_size: 0 },
    });
    try {
      const memory = new MetricHistory();
      const now = Date.now();
      const healthy = await shows(world, HEALTHY, { memory, now });
      expect(healthy).not.toHaveProperty('WalHoursLeft');
      await world.target(`alter subscription ${subscriptionName(world.database.name)} disable`);
      await shows(world, { SlotActive: 0 });
      const write = () => world.source(`select pg_logical_emit_message(false, 'filler', repeat('x', 1000000)) from generate_series(1, 16)`);
      await write();
      const hurried = await measuresOf(world, { memory, now: now + 20 * MINUTE });
      expect(hurried.WalKeptBytes).toBeGreaterThan(15_000_000);
      // 16 MB in twenty minutes are 48 MB in an hour, and about as much is left.
      expect(hurried.WalHoursLeft).toBeGreaterThan(0.3);
      expect(hurried.WalHoursLeft).toBeLessThan(3);
      for (let times = 0; times < 8; times += 1) await write();
      await world.source('checkpoint');
      const lost = await shows(world, { HistoryBroken: 1 });
      expect(lost).toMatchObject({ ReadyToCutOver: 0, SlotActive: 0 });
    } finally {
      await world.destroy();
    }
  });

  it('shows no end where the kept WAL does not grow', async () => {
    const world = await published({ source: 17, target: 17 });
    try {
      await world.until('CreateSubscription');
      await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
      const memory = new MetricHistory();
      memory.turnTo('forward');
      memory.keep({ at: 0, position: 0, keptBytes: 1e15 });
      expect(await measuresOf(world, { memory, now: 20 * MINUTE })).toMatchObject({ WalHoursLeft: 720 });
    } finally {
      await world.destroy();
    }
  });
});
