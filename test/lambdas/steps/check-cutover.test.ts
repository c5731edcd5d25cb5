import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlreadyRunning, CutoverRefused, TransientError } from '../../../lambdas/config/errors.ts';
import { checkCutover } from '../../../lambdas/steps/check-cutover.ts';
import { compared, FOLLOWED, type FollowedServers, follow, followedServers, streaming } from '../../support/following.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { runningBeside, startWorld, type VisitOptions, type World } from '../../support/world.ts';

const markers = (world: World) =>
  world.source(`select token from planetscale_migration.heartbeat where token like 'test:check:%' order by id`);

async function refusalOf(world: World, options: VisitOptions = {}): Promise<string> {
  const error = await world.visit('CheckCutover', { state: compared(), ...options, input: { reverse: true, ...options.input } }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CutoverRefused);
  return (error as Error).message;
}

describe('CheckCutover', () => {
  let servers: FollowedServers;
  beforeAll(async () => {
    servers = await followedServers({ source: 15, target: 18 });
  });
  afterAll(() => servers?.destroy());

  const state: Record<string, unknown> = {};
  describeLifecycle('CheckCutover', {
    world: async () => {
      const world = await servers.world();
      await streaming(world);
      Object.assign(state, compared());
      return world;
    },
    effect: markers,
    input: { reverse: true }, // the edge offers no channel binding
    state,
  });

  it('refuses a stream outside of the bounds, after several lag samples', async () => {
    const world = await servers.world();
    await streaming(world);
    const message = await refusalOf(world, { input: { maxLagMilliseconds: 1 } });
    expect(message).toContain('One thing stands in the way of the switch to the target.');
    expect(message).toMatch(/TooFarBehind: planetscale_migration_shop__\d_+[0-9a-f]{10}: \d+ bytes behind\./);
    expect(await markers(world)).toHaveLength(8);
  });

  it('names every reason at once, and what was left unchanged', async () => {
    const world = await servers.world();
    await streaming(world);
    await world.source('create table public.unforeseen (id int primary key); alter table public.plain add column late int');
    await world.target('drop index public."by; text"');
    await world.target(`begin; create table public.of_prepared (id int); prepare transaction 'forgotten'`);
    const message = await refusalOf(world, { state: {} });
    await world.target(`rollback prepared 'forgotten'`);
    for (const part of [
      '5 things stand in the way of the switch to the target.',
      'Nothing was switched, and the source serves the application as before.',
      'NotCompared: CompareData.',
      'PostDataMissing: index by; text on public.plain.',
      'TableNotPublished: "public"."unforeseen".',
      'SchemaChanged: on the source, ',
      "PreparedTransaction: target: 'forgotten' (database ",
      'Besides, there are 4 warnings: NoApplicationSecret, ReadersServeOn, SlotLostAtSwitchover, SlotNameToEnter.',
    ]) {
      expect(message).toContain(part);
    }
  });

  it('refuses where a function of the switch cannot be called, and names it, its reason and the remedy (#9.18)', async () => {
    const world = await servers.world();
    await streaming(world);
    const reason = 'AWS denies the call';
    Object.assign(world.places, { functions: { wake: async () => [{ function: 'arn:of:LiftFence', reason }] } });
    const message = await refusalOf(world);
    expect(message).toContain('One thing stands in the way of the switch to the target.');
    expect(message).toMatch(/FunctionNotCallable: arn:of:LiftFence\..*cannot be called: AWS denies the call\..*deploy the stack again/s);
  });

  it('waits for a function that wakes up, before it samples the lag (#9.18)', async () => {
    const world = await servers.world();
    await streaming(world);
    let calls = 0;
    const wake = async () => {
      calls += 1;
      if (calls === 1) throw new TransientError('not ready');
      return [];
    };
    Object.assign(world.places, { functions: { wake } });
    const visit = () => world.visit('CheckCutover', { state: compared(), input: { reverse: true } });
    await expect(visit()).rejects.toThrow(TransientError);
    expect(await markers(world)).toEqual([]);
    expect(await visit()).toMatchObject({ verdict: 'done' });
    expect(calls).toBe(3); // before the lag samples, and as a check of its own
  });

  it('steps aside for an older execution', async () => {
    const younger: typeof checkCutover = {
      ...checkCutover,
      inspect: (ctx) => checkCutover.inspect({ ...ctx, executions: runningBeside('nightly-1') }),
    };
    await expect(servers.base.run('CheckCutover', younger)).rejects.toThrow(AlreadyRunning);
  });
});

describe.each([
  [11, 17],
  [13, 18],
  [17, 18],
] as const)('CheckCutover from %i to %i', (source, target) => {
  it('passes, and reports what the operator has to know', async () => {
    const world = await startWorld({ source, target, ...FOLLOWED });
    try {
      await follow(world);
      await streaming(world);
      const consent = source < 16; // the edge offers no channel binding
      const unsaid = world.visit('CheckCutover', { state: compared() });
      if (consent) await expect(unsaid).rejects.toThrow(`WayBackNotVerified: source: PostgreSQL ${source}`);
      else await unsaid;
      const result = await world.visit('CheckCutover', { state: compared(), ...(consent ? { input: { reverse: true } } : {}) });
      expect(result).toMatchObject({ verdict: 'done', evidence: { blockers: [], lagIsGood: true } });
      const { warnings } = result.evidence as { warnings: { code: string }[] };
      expect(warnings.map(({ code }) => code)).toEqual([
        'NoApplicationSecret',
        'ReadersServeOn',
        'SlotLostAtSwitchover',
        'SlotNameToEnter',
      ]);
    } finally {
      await world.destroy();
    }
  });
});
