import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import type { Moment } from '../../../lambdas/ports/application.ts';
import type { Bindings } from '../../../lambdas/ports/bindings.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually, replicated, type SharedServers, sharedServers, sidesAgree } from '../../support/replicated.ts';
import {
  applicationSession,
  fenceOn,
  IGNORING_THE_FENCE,
  letInApplication,
  SWITCHABLE,
  variableSecret,
  writableSides,
  writeAt,
} from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

interface Evidence {
  readonly serving: SideName;
  readonly downtimeMs: number;
  readonly parts: readonly { readonly name: string }[];
  readonly roundTrips: { readonly source: number; readonly target: number; readonly inSequence: number };
  readonly proved: { readonly sequences: number; readonly rowsCompared: number | null };
  readonly wayBack: string;
  readonly byHand?: string;
}

const SUBSCRIPTIONS = `select subname, subenabled from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()`;
const SLOTS = 'select slot_name from pg_replication_slots where database = current_database()';
const streams = async ({ source, target }: World) => ({
  source: await source(SUBSCRIPTIONS),
  target: await target(SUBSCRIPTIONS),
  slots: [...(await source(SLOTS)), ...(await target(SLOTS))],
});

describe('SwitchOver', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers(SWITCHABLE);
  });
  afterAll(() => servers?.destroy());
  const fresh = async (): Promise<World> => letInApplication(await servers.replicated());
  const evidenceOf = async (world: World, input = {}): Promise<Evidence> =>
    (await world.visit('SwitchOver', { input })).evidence as unknown as Evidence;

  describeLifecycle('SwitchOver', { world: fresh, effect: streams });

  it('moves the application, and the fenced side takes no write, whatever a session sets', async () => {
    const world = await fresh();
    try {
      await writeAt(world, 'source');
      const evidence = await evidenceOf(world);
      expect(evidence.serving).toBe('target');
      expect(await writableSides(world)).toEqual(['target']);
      expect(evidence.parts.map(({ name }) => name)).toEqual(['fence', 'convergence', 'sequences', 'reverse', 'switch']);
      expect(evidence.roundTrips.inSequence).toBeLessThanOrEqual(15);
      expect(evidence.byHand).toContain('Point the application at 127.0.0.1:');
    } finally {
      await world.destroy();
    }
  });

  it('continues the sequences exactly, and brings every later write back to the source', async () => {
    const world = await fresh();
    try {
      for (let writes = 0; writes < 5; writes += 1) expect(await writeAt(world, 'source')).toBe('written');
      await evidenceOf(world);
      for (let writes = 0; writes < 5; writes += 1) expect(await writeAt(world, 'target')).toBe('written');
      const ids = 'select array_agg(id order by id) as ids from public.written';
      await eventually(async () => (await world.source(ids))[0]?.ids?.toString() === '1,2,3,4,5,6,7,8,9,10');
      expect(await sidesAgree(world)).toBe(true);
    } finally {
      await world.destroy();
    }
  });

  it('ends every session of the source before it reads the last position', async () => {
    const world = await fresh();
    const idle = await applicationSession(world, 'source', IGNORING_THE_FENCE);
    const open = await applicationSession(world, 'source');
    try {
      await open.query('begin; insert into public.written default values');
      await evidenceOf(world);
      await expect(open.query('commit')).rejects.toThrow();
      await expect(idle.query('insert into public.written default values')).rejects.toThrow();
      expect(await world.target('select count(*)::int as count from public.written')).toEqual([{ count: 0 }]);
    } finally {
      await Promise.all([open, idle].map((client) => client.end().catch(() => {})));
      await world.destroy();
    }
  });

  it('reports what it means to leave out the way back', async () => {
    const world = await fresh();
    try {
      const evidence = await evidenceOf(world, { reverse: false });
      expect(evidence.wayBack).toBe('There is no stream back: going back to the source would lose whatever is written from now on.');
      expect(await streams(world)).toEqual({ source: [], target: [], slots: [] });
      expect(await writableSides(world)).toEqual(['target']);
    } finally {
      await world.destroy();
    }
  });

  it('compares every row under the fence where the input says so, and switches nothing where one differs', async () => {
    const world = await fresh();
    try {
      const before = await fenceOn(world, 'source');
      await world.target(`update public.plain set "Some Text" = 'changed by hand' where id = 7`);
      await expect(evidenceOf(world, { verify: 'fence' })).rejects.toMatchObject({
        name: 'SwitchFailed',
        message: expect.stringMatching(/^Nothing was switched: .*plain.* The fence was lifted .* the application goes on at the source\./s),
      });
      expect(await fenceOn(world, 'source')).toEqual(before);
      expect(await writableSides(world)).toEqual(['source']);
      await world.target(`begin read write;
update public.plain set "Some Text" = s from (select 'row 7 ünïcödé "''\\' as s) as x where id = 7;
commit`);
      expect((await evidenceOf(world, { verify: 'fence' })).proved.rowsCompared).toBeGreaterThan(2_000);
    } finally {
      await world.destroy();
    }
  });
});

describe('the fence of SwitchOver', () => {
  let world: World;
  beforeAll(async () => {
    world = await letInApplication(
      await replicated({ ...SWITCHABLE, application: variableSecret(), hook: { configured: true, call: (moment) => hook(moment) } }),
    );
  });
  afterAll(() => world?.destroy());
  let hook: (moment: Moment) => Promise<void> = async () => {};

  it('is lifted at its deadline, with the settings and the privileges that were there before', async () => {
    const name = world.database.name.replaceAll('"', '""');
    await world.source(`alter database "${name}" set default_transaction_read_only = off; alter database "${name}" set work_mem = '5MB';
revoke connect on database "${name}" from public; grant connect on database "${name}" to the_application with grant option`);
    const [before, slots] = [await fenceOn(world, 'source'), await streams(world)];
    let inside: unknown;
    hook = async (moment) => {
      if (moment !== 'before') return;
      inside = { fence: await fenceOn(world, 'source'), writes: await writeAt(world, 'source', IGNORING_THE_FENCE) };
      await new Promise(() => {});
    };
    await expect(world.visit('SwitchOver', { input: { fenceSeconds: 2 } })).rejects.toMatchObject({ name: 'SwitchFailed' });
    expect(inside).toMatchObject({
      fence: [{ setconfig: ['default_transaction_read_only=on', 'work_mem=5MB'] }],
      writes: INSUFFICIENT_PRIVILEGE,
    });
    expect(sorted(await fenceOn(world, 'source'))).toEqual(sorted(before));
    expect(await streams(world)).toEqual(slots);
    expect(await writableSides(world)).toEqual(['source']);
  });

  it('is lifted where the hook function refuses', async () => {
    hook = async () => {
      throw new Error('not today');
    };
    await expect(world.visit('SwitchOver')).rejects.toThrow(/Nothing was switched: .*not today/);
    expect(await writableSides(world)).toEqual(['source']);
  });

  it('is not raised at all where the source cannot reach the target', () => {
    hook = async () => {};
    return staysOpenWithoutAWayBack(world);
  });

  it('comes with a call of the hook function before the secret is changed, and one after', async () => {
    const calls: string[] = [];
    const secret = world.places.application as ReturnType<typeof variableSecret>;
    hook = async (moment) => {
      calls.push(`${moment} ${secret.history.at(-1)}`);
    };
    await world.visit('SwitchOver');
    expect(calls).toEqual(['before source', 'after target']);
    expect(secret.history).toEqual(['source', 'target']);
  });
});

/** Where the source has no way to the target. */
async function staysOpenWithoutAWayBack(world: World): Promise<void> {
  const before = [await fenceOn(world, 'source'), await streams(world)];
  const { places } = world as { places: { wayBack: Bindings['wayBack'] } };
  const kept = places.wayBack;
  places.wayBack = { ...kept, host: '127.0.0.1', port: 1 };
  try {
    await expect(world.visit('SwitchOver')).rejects.toThrow(
      /cannot subscribe to the target at 127\.0\.0\.1:1 as \S+, so nothing was fenced .*"reverse": false/s,
    );
  } finally {
    places.wayBack = kept;
  }
  expect([await fenceOn(world, 'source'), await streams(world)]).toEqual(before);
}

const sorted = (rows: unknown): unknown =>
  (rows as { setconfig: string[]; rights: string[] }[]).map(({ setconfig, rights }) => [[...setconfig].sort(), [...rights].sort()]);

describe.each([
  [11, 17],
  [17, 18],
] as const)('SwitchOver from %i to %i', (source, target) => {
  it('creates a way back that old subscribers know, and every write returns', async () => {
    const world = await letInApplication(await replicated({ ...SWITCHABLE, source, target }));
    try {
      await staysOpenWithoutAWayBack(world);
      await world.visit('SwitchOver');
      expect(await writeAt(world, 'target')).toBe('written');
      await eventually(async () => (await world.source('select id from public.written')).length === 1);
      await world.target(`truncate "Mixed Case"."Orders; drop table"`);
      await eventually(async () => (await world.source(`select id from "Mixed Case"."Orders; drop table"`)).length === 0);
      await world.visit('SwitchBack');
      expect(await writableSides(world)).toEqual(['source']);
      await eventually(async () => (await world.target('select id from public.written')).length === 2);
    } finally {
      await world.destroy();
    }
  });
});
