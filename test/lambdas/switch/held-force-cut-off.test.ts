import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPorts } from '../../../lambdas/adapters/open-ports.ts';
import { parseInput } from '../../../lambdas/config/input.ts';
import { runStep } from '../../../lambdas/engine/step.ts';
import { stepNamed } from '../../../lambdas/steps/index.ts';
import { eventually, tableStates } from '../../support/replicated.ts';
import { SWITCHABLE } from '../../support/switchable.ts';
import { silent, startWorld, type World } from '../../support/world.ts';
import { Invocation, interruptible, type Strike } from '../../walks/interruptible.ts';

const SCHEMA = `create role keeper; grant keeper to aurora_master; grant create on schema public to keeper;
create table secret (id int primary key); alter table secret owner to keeper; alter table secret enable row level security, force row level security`;
const STEPS = { source: 'SwitchBack', target: 'SwitchOver' } as const;
type Side = keyof typeof STEPS;
const other = (side: Side): Side => (side === 'source' ? 'target' : 'source');

/** A switch to a side that loses the connection at one of its calls, and what is left of it settled by LiftFence. */
async function struck(world: World, to: Side, strike: Strike | undefined): Promise<{ readonly calls: number }> {
  const invocation = new Invocation(strike);
  const ports = openPorts(STEPS[to], world.places);
  let failed = false;
  try {
    const { source, target } = ports.acting;
    const acting = { ...ports.acting, source: interruptible(source, invocation), target: interruptible(target, invocation) };
    const input = parseInput({ fenceSeconds: 10 });
    const more = { input, looking: ports.looking, acting, remainingMs: () => 30_000, log: silent, now: Date.now };
    await runStep(STEPS[to], stepNamed(STEPS[to]), { state: {}, execution: 'test' }, more);
  } catch {
    failed = true;
  } finally {
    await ports.close();
  }
  if (failed) await world.until('LiftFence');
  return { calls: invocation.calls };
}

describe('a switch that is cut off at any call, with forced row-level security', () => {
  let world: World;
  let rows = 0;
  const isForced = async (side: Side) =>
    (await world[side]("select relforcerowsecurity as forced from pg_class where relname = 'secret'"))[0]?.forced as boolean;
  const isOpen = async (side: Side) =>
    (await world[side]("select state = 'open' as open from planetscale_migration.gate"))[0]?.open as boolean;

  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, sourceParameters: SWITCHABLE.sourceParameters ?? {} });
    await world.source(SCHEMA);
    await world.visit('CreateReplicationRole');
    await world.source('alter role planetscale_migration_replication bypassrls');
    for (const step of ['CopySchema', 'CreatePublication'] as const) await world.visit(step);
    await world.until('CreateSubscription');
    await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
    await world.until('BuildIndexes');
  });
  afterAll(() => world?.destroy());

  /** Only the side that serves binds its owners, and what is written there arrives. */
  const holds = async (when: string): Promise<Side> => {
    const serving = (await isOpen('source')) ? 'source' : 'target';
    expect([await isForced(serving), await isForced(other(serving)), await isOpen(other(serving))], when).toEqual([true, false, false]);
    rows += 1;
    await world[serving](`insert into secret values (${rows})`);
    await eventually(async () => (await world[other(serving)](`select from secret where id = ${rows}`)).length === 1);
    return serving;
  };

  it('leaves it to the side that serves, and lets the stream flow', async () => {
    const { calls } = await struck(world, 'target', undefined);
    let serving = await holds('without a fault');
    const switched = new Set<boolean>();
    // Before the fence nothing of it is touched; a call in eight there, and every other one from then on.
    for (let at = 0; at < calls; at += at < calls / 2 ? 8 : 2) {
      const when = at % 4 < 2 ? 'before' : 'after';
      await struck(world, other(serving), { at, when, how: 'fails' });
      const now = await holds(`${when} call ${at} of ${calls}`);
      switched.add(now !== serving); // after its commit it completes over other connections
      serving = now;
    }
    expect([...switched].toSorted()).toEqual([false, true]);
  }, 600_000);
});
