/** The numbers of the watch while rows are copied in parts, on real servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPorts } from '../../../lambdas/adapters/open-ports.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import { collectMetrics } from '../../../lambdas/monitoring/collect.ts';
import { MetricHistory } from '../../../lambdas/monitoring/history.ts';
import type { Measures } from '../../../lambdas/monitoring/metrics.ts';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { copyAll, planned, streamed } from '../../support/in-parts.ts';
import { endParts } from '../../support/listed-parts.ts';
import type { World } from '../../support/world.ts';

const MINUTE = 60_000;
const OF_PARTS = ['PartsDone', 'PartsOpen', 'CopyWorkersWorking', 'CopyWorkersAllowed'];

async function measuresOf(world: World, memory = new MetricHistory(), now = Date.now()): Promise<Measures> {
  const ports = openPorts('Watch', { source: world.places.source, target: world.places.target });
  const { source, target } = ports.looking as { source: Reader; target: Reader };
  try {
    const { measures, failures } = await collectMetrics({ source, target }, memory, false, now);
    expect(failures).toEqual([]);
    return measures;
  } finally {
    await ports.close();
  }
}

describe('collecting metrics of a copy in parts', () => {
  let world: World;
  beforeAll(async () => {
    world = await planned({ partBytes: 65_536, workers: 5 });
  });
  afterAll(() => world?.destroy());

  it('tells how many workers may work before the parts are listed', async () => {
    expect(await measuresOf(world)).toMatchObject({ CopyWorkersAllowed: 5, ReadyToCutOver: 0 });
  });

  it('tells how many parts and bytes are copied, and since when no further part is, and misses no subscription', async () => {
    await world.until('SeedCopy');
    const [{ parts = 0 } = {}] = (await world.target('select count(*)::int as parts from planetscale_migration.copy_part')) as {
      parts?: number;
    }[];
    expect(parts).toBeGreaterThan(2);
    const memory = new MetricHistory();
    const now = Date.now();
    const first = await measuresOf(world, memory, now);
    expect(first).toMatchObject({
      ...{ PartsDone: 0, PartsOpen: parts, CopyWorkersWorking: 0, CopyWorkersAllowed: 5 },
      ...{ CopyBytes: 0, CopyPercent: 0, CopyIdleSeconds: 0, HistoryBroken: 0, ReadyToCutOver: 0 },
    });
    expect(first.CopyBytesTotal).toBeGreaterThan(0);
    expect(first).not.toHaveProperty('SubscriptionRunning');
    expect(await measuresOf(world, memory, now + 31 * MINUTE)).toMatchObject({ CopyIdleSeconds: 1_860 });

    await endParts(world, 1);
    const second = await measuresOf(world, memory, now + 32 * MINUTE);
    expect(second).toMatchObject({ PartsDone: 1, PartsOpen: parts - 1, CopyIdleSeconds: 0 });
    expect(second.CopyBytes).toBeGreaterThan(0);
    expect(second.CopyBytes).toBeLessThan(second.CopyBytesTotal ?? 0);
  });

  it('counts a pause as no standstill', async () => {
    const memory = new MetricHistory();
    const now = Date.now();
    await world.visit('SetPace', { input: { copyWorkers: 0 } });
    for (const later of [0, 31]) {
      expect(await measuresOf(world, memory, now + later * MINUTE)).toMatchObject({ CopyWorkersAllowed: 0, CopyIdleSeconds: 0 });
    }
    await world.visit('SetPace', { input: { copyWorkers: 3 } });
  });

  it('tells nothing of parts once all are there, and has the subscription again', async () => {
    await world.target('update planetscale_migration.copy_part set xid = null, done_at = null where part = 1');
    await copyAll(world);
    expect(await measuresOf(world)).toMatchObject({ PartsOpen: 0, CopyPercent: 99 });
    await world.until('FinishParts');
    const between = await measuresOf(world);
    for (const name of [...OF_PARTS, 'SubscriptionRunning']) expect(between).not.toHaveProperty(name);
    await streamed(world);
    const after = await measuresOf(world);
    for (const name of OF_PARTS) expect(after).not.toHaveProperty(name);
    expect(after).toMatchObject({ CopyPercent: 100, SubscriptionRunning: 1 });
    const name = subscriptionName(world.database.name);
    await world.target(`alter subscription ${name} disable; alter subscription ${name} set (slot_name = none); drop subscription ${name}`);
    expect(await measuresOf(world), 'a subscription that was there').toMatchObject({ SubscriptionRunning: 0 });
  });
});
