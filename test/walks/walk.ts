/** A walk: everything that may happen to a switch, in any order, and what is true after each step of it and at its end. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { CUTOVER, ROLLBACK } from '../../lambdas/config/direction.ts';
import { MigrationError } from '../../lambdas/config/errors.ts';
import { committedDirection, servingSide } from '../../lambdas/state/gates.ts';
import { hookCallsLeft } from '../../lambdas/switch/recovery.ts';
import { Invocation, type Strike } from './interruptible.ts';
import type { Machine, WalkContext } from './walk-context.ts';

export type Happening =
  /** A visit of a step, which may be struck. One that stands still belongs to an execution that was aborted. */
  | { readonly does: 'visit'; readonly machine: Machine; readonly strike: Strike | undefined }
  /** Recovery for one of the executions so far, as the rule starts it, or for none, as a person does. */
  | { readonly does: 'recover'; readonly of: number; readonly strike: Strike | undefined }
  /** One of those that stand still goes on, to its end. */
  | { readonly does: 'resume'; readonly which: number }
  | { readonly does: 'crash'; readonly side: 'source' | 'target' }
  | { readonly does: 'time' }
  | { readonly does: 'lock the secret'; readonly locked: boolean }
  | { readonly does: 'break the hook'; readonly broken: boolean };

/** Calls of the longest visit, which is a whole switch, so that a strike falls anywhere in it; most are made before its fence. */
const MOST_CALLS = 150;

const strikes = fc.option(
  fc.record({ at: fc.nat(MOST_CALLS), when: fc.constantFrom('before', 'after'), how: fc.constantFrom('fails', 'stands') }),
  { nil: undefined, freq: 4 },
) as fc.Arbitrary<Strike | undefined>;

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ does: fc.constant('visit'), machine: fc.constantFrom('SwitchOver', 'SwitchBack'), strike: strikes }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('recover'), of: fc.nat(5), strike: strikes }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('resume'), which: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('crash'), side: fc.constantFrom('source', 'target') }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('time') }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lock the secret'), locked: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('break the hook'), broken: fc.boolean() }) },
) as fc.Arbitrary<Happening>;

export const walks = (longest: number): fc.Arbitrary<readonly Happening[]> => fc.array(happening, { minLength: 1, maxLength: longest });

interface Walker {
  readonly context: WalkContext;
  /** Tells the executions and the writes of one walk from those of others on the same context. */
  readonly name: string;
  readonly acknowledged: string[];
  readonly executions: string[];
  readonly standing: { readonly invocation: Invocation; readonly end: Promise<unknown> }[];
}

/** From a context where one side serves to one where one side does. */
export async function walk(context: WalkContext, happenings: readonly Happening[], name = '1'): Promise<void> {
  const walker: Walker = { context, name, acknowledged: [], executions: [], standing: [] };
  await write(walker);
  for (const one of happenings) {
    await happen(walker, one);
    await check(walker);
  }
  await settle(walker);
  // Those who stood still all the time find a world in which everything is over.
  for (const { invocation, end } of walker.standing.splice(0)) {
    invocation.resume();
    await end;
    await check(walker);
  }
  await settle(walker);
}

async function happen(walker: Walker, one: Happening): Promise<void> {
  const { context, executions, standing } = walker;
  switch (one.does) {
    case 'visit':
      executions.push(`${one.machine}-${walker.name}-${executions.length}`);
      return visit(walker, one.machine, executions.at(-1) ?? '', one.strike);
    case 'recover':
      return recover(walker, executions[one.of], one.strike);
    case 'resume': {
      const [found] = standing.splice(one.which, 1);
      found?.invocation.resume();
      await found?.end;
      return;
    }
    case 'crash':
      return context.crash(one.side);
    case 'time':
      return context.passTime();
    case 'lock the secret':
      context.secret.locked = one.locked;
      return;
    case 'break the hook':
      context.hook.broken = one.broken;
  }
}

/** To its end, or until it stands still. What the step throws is one of our errors; anything else is a defect. */
async function visit(walker: Walker, machine: Machine, execution: string, strike?: Strike, of?: string): Promise<void> {
  const invocation = new Invocation(strike);
  const input = of === undefined ? {} : { execution: of };
  const end = walker.context.visit(machine, execution, invocation, input).catch((error: unknown) => {
    if (!(error instanceof MigrationError)) throw error;
  });
  const how = await Promise.race([end, invocation.stands]);
  if (how === 'stands') walker.standing.push({ invocation, end });
}

const recover = (walker: Walker, of: string | undefined, strike?: Strike): Promise<void> =>
  visit(walker, 'LiftFence', `Recovery-${walker.name}-${walker.executions.length}`, strike, of);

const MOST_VISITS = 12;

/** When everything works again, Recovery for whatever has begun, once each. */
async function settle(walker: Walker): Promise<void> {
  const { context, executions } = walker;
  context.secret.locked = false;
  context.hook.broken = false;
  await context.passTime();
  for (const of of [undefined, ...executions]) {
    for (let visits = 0; ; visits += 1) {
      expect(visits, `visits of Recovery for ${of}`).toBeLessThan(MOST_VISITS);
      const verdict = await context.visit('LiftFence', 'Recovery', new Invocation(undefined), of === undefined ? {} : { execution: of });
      await check(walker);
      if (verdict === 'done') break;
    }
  }
  await check(walker);
  await settled(walker);
}

/** One side serves, the secret leads there, everything acknowledged is there, and its changes go on to the other side or nowhere. */
async function settled(walker: Walker): Promise<void> {
  const { context, acknowledged } = walker;
  await context.reconnect();
  const gates = await context.gates();
  const serving = servingSide(gates);
  expect(await context.writable()).toEqual([serving]);
  expect(context.secret.leadsTo).toBe(serving);
  expect(await write(walker), 'a write at the end is taken').toBe(true);
  const there = await context.written(serving);
  expect(acknowledged.filter((token) => !there.has(token))).toEqual([]);
  expect(await context.streams()).toEqual(streamsFrom(serving));
  expect([...hookCallsLeft(gates.source), ...hookCallsLeft(gates.target)]).toEqual([]);
}

/** Only the stream from the side that serves, which runs. */
function streamsFrom(serving: 'source' | 'target'): unknown {
  const [forward, reverse] = ['planetscale_migration_shop', 'planetscale_migration_reverse_shop'];
  return serving === 'source'
    ? { source: { subscriptions: [], slots: [forward] }, target: { subscriptions: [[forward, { enabled: true }]], slots: [] } }
    : { source: { subscriptions: [[reverse, { enabled: true }]], slots: [] }, target: { subscriptions: [], slots: [reverse] } };
}

/** True at any time: never both sides; and what the gates say is what is so. */
async function check(walker: Walker): Promise<void> {
  expect(walker.context.defects()).toEqual([]);
  const writable = await walker.context.writable();
  expect(writable.length, `sides that take writes: ${writable.join(', ')}`).toBeLessThanOrEqual(1);
  const gates = await walker.context.gates();
  if (committedDirection(gates) === CUTOVER) expect(writable).not.toContain('source');
  if (committedDirection(gates) === ROLLBACK) expect(writable).not.toContain('target');
  await write(walker);
}

async function write({ context, name, acknowledged }: Walker): Promise<boolean> {
  const token = `write ${name} ${acknowledged.length}`;
  const taken = await context.write(token);
  if (taken) acknowledged.push(token);
  return taken;
}
