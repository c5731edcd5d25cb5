import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureGate, gateOf } from '../../../lambdas/state/gates.ts';
import { armDeadMan, raiseFence } from '../../../lambdas/switch/fence.ts';
import { beFriendly, beHostile, hostileTo, REACHES } from '../../support/hostile-settings.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

const SECONDS = 1.5;

/** Each by itself keeps a fence up for ever where the session takes it from its database or role. */
const DEADLY = [
  { name: 'default_transaction_isolation', value: 'repeatable read' },
  { name: 'default_transaction_isolation', value: 'serializable' },
  { name: 'default_transaction_read_only', value: 'on' },
  { name: 'statement_timeout', value: '1s' },
  { name: 'transaction_timeout', value: '1s', since: 17 },
  { name: 'client_connection_check_interval', value: '50ms', since: 14 },
] as const;

const oneAtATime = (version: number) => DEADLY.filter((setting) => !('since' in setting) || version >= setting.since);

describe.each(versions(11, 13, 15, 17, 18))('the server-side timer of a fence on version %i (#9.4)', (source) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source });
  });
  afterAll(() => world?.destroy());

  /** Arms him, fences, and hangs up on both. */
  async function fenceAndVanish(): Promise<void> {
    const { acting, close } = world.ports('SwitchOver');
    const gate = await ensureGate(acting.source);
    const open = (tag: string) => acting.source.session(tag);
    const [lifts, unblocks, switching] = [await open('fence'), await open('fence-locks'), await open('switch')];
    const fence = { seen: gate, epoch: gate.epoch + 1, execution: 'test', attempt: randomUUID(), seconds: SECONDS };
    armDeadMan({ lifts, unblocks }, fence);
    await raiseFence(acting.source, switching, fence);
    for (const session of [lifts, unblocks, switching]) session.leave();
    await close();
  }

  const state = async () => {
    const { looking, close } = world.ports('Test');
    try {
      return (await gateOf(looking.source))?.state;
    } finally {
      await close();
    }
  };

  async function liftsByItself(): Promise<void> {
    await fenceAndVanish();
    expect(await state()).toBe('fenced');
    await eventually(async () => (await state()) === 'open');
  }

  it.each(oneAtATime(source))('lifts the fence although the database has $name = $value', async (setting) => {
    await beHostile(world, 'source', 'database', [setting]);
    try {
      await liftsByItself();
    } finally {
      await beFriendly(world, 'source');
    }
  });

  it.each(REACHES)('lifts the fence whatever the %s has', async (reach) => {
    await world.source('do $$ begin create role somebody_else; exception when duplicate_object then null; end $$');
    await world.source(`grant somebody_else to "${world.places.source.user}"`);
    await beHostile(world, 'source', reach, hostileTo(source));
    try {
      await liftsByItself();
    } finally {
      await beFriendly(world, 'source');
    }
  });
});
