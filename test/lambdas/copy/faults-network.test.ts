/** Connections that break at a moment on the wire, and one that only falls silent. */
import { afterEach, describe, expect, it } from 'vitest';
import { partCopyPort } from '../../../lambdas/adapters/postgres/part-copy.ts';
import { TransientError } from '../../../lambdas/config/errors.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import { endsEqual, nothingTwice, partsDone, seededKeyless, within, withPorts, workOn } from '../../support/exactly-once.ts';
import { partsOf } from '../../support/in-parts.ts';
import { type Moment, WireProxy } from '../../support/proxy.ts';
import { eventually } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

const proxies: WireProxy[] = [];
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

async function proxyTo(settings: ConnectionSettings): Promise<WireProxy> {
  const proxy = await WireProxy.start(settings);
  proxies.push(proxy);
  return proxy;
}

/** The step whose copying sessions reach a side by the proxy, and give up after two seconds without a byte. */
const through = (world: World, side: SideName, proxy: WireProxy) => {
  const { source, target } = world.places;
  const settings = { source, target, [side]: proxy.login(world.places[side]) };
  return withPorts('CopyParts', (ctx) => ({
    ...ctx,
    partCopy: partCopyPort(
      world.places.replication,
      { source: { settings: settings.source, looking: ctx.source }, target: { settings: settings.target, looking: ctx.target } },
      'CopyParts',
      undefined,
      { stallMs: 2_000 },
    ),
  }));
};

/** On the target the settings of the session are set before it, in the same text. */
const COPIES = /(?:^|\n)copy /;

const MOMENTS: readonly (readonly [SideName, RegExp, Moment])[] = [
  ['target', /pg_try_advisory_xact_lock/, 'answer'],
  ['target', COPIES, 'request'],
  ['target', COPIES, 'answer'],
  ['target', /^commit/, 'request'],
  ['target', /^commit/, 'answer'],
  ['source', /set transaction snapshot/, 'answer'],
  ['source', /^lock table/, 'answer'],
  ['source', COPIES, 'request'],
  ['source', /^commit/, 'request'],
];

describe('a connection of a worker', () => {
  it('that is cut at any moment costs no row, and brings none twice', () =>
    within(seededKeyless(), async (world) => {
      const by = { source: await proxyTo(world.places.source), target: await proxyTo(world.places.target) };
      for (const [side, matching, at] of MOMENTS) {
        const proxy = by[side];
        const struck = proxy.when(matching, at, () => proxy.sever());
        const working = workOn(world, {
          execution: `${side} ${matching} ${at}`,
          step: through(world, side, proxy),
          isOver: () => struck.fired,
          workers: 2,
        });
        await eventually(async () => struck.fired);
        await working;
        proxy.heal();
        await nothingTwice(world);
      }
      expect(await partsDone(world)).toBeLessThan((await partsOf(world)).length);
      await workOn(world, { execution: 'last' });
      await endsEqual(world, { execution: 'last' });
    }));

  it.each(['source', 'target'] as const)('that falls silent on the way to the %s is given up, and its part is taken again', (side) =>
    within(seededKeyless(), async (world) => {
      const proxy = await proxyTo(world.places[side]);
      const silenced = proxy.when(COPIES, 'request', () => proxy.blackhole());
      const visit = world.run('CopyParts', through(world, side, proxy), { state: { worker: 1 } });
      await silenced.done;
      // The new connection hangs as well, until the visit gives up.
      await expect(visit).rejects.toBeInstanceOf(TransientError);
      const left = `select pid from pg_stat_activity where application_name like '%:CopyParts:1 %' and datname = current_database()`;
      const before = await world[side](left);
      expect(before.length).toBeGreaterThan(0);
      // A later visit of the same worker ends what the server does not know to be abandoned, and so do the others not wait for it.
      await workOn(world);
      const pids = before.map(({ pid }) => pid);
      expect((await world[side](left)).filter(({ pid }) => pids.includes(pid))).toEqual([]);
      await endsEqual(world);
      proxy.heal();
      await nothingTwice(world);
    }),
  );
});
