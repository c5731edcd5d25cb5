import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publications } from '../../../../lambdas/checks/readiness/leftovers.ts';
import { alreadySwitched, reverseStream } from '../../../../lambdas/checks/readiness/switched.ts';
import { NotReady } from '../../../../lambdas/config/errors.ts';
import { subscriptionName } from '../../../../lambdas/config/names.ts';
import { bothSides, copied, migrate, ROWS } from '../../../support/cleaned.ts';
import { blocker, findingsOf, summary } from '../../../support/findings.ts';
import { committed, fenced, fencedAgain, prepared, switchedBack, switchedOver } from '../../../support/partial-switch.ts';
import { eventually } from '../../../support/replicated.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [alreadySwitched, reverseStream, publications];

describe('the check of earlier switches', () => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source: 17, target: 18, schema: ROWS });
  });
  afterAll(() => base?.destroy());

  const halfway = async (name: string, make: (world: World) => Promise<void>) => {
    const world = await base.sibling(name);
    await migrate(world);
    await copied(world);
    await make(world);
    return world;
  };
  const found = async (world: World) => summary(await findingsOf(world, CHECKS));

  it('finds nothing before the fence', async () => {
    const world = await base.sibling('untouched');
    expect(await found(world)).toEqual({});
    expect(await found(await halfway('prepared', prepared))).toEqual({});
  });

  it('finds a fence', async () => {
    expect(await found(await halfway('fenced', fenced))).toEqual({
      SwitchUnderWay: blocker('gate of the source fenced, of the target closed'),
    });
  });

  it.each([
    ['committed', committed, 'closed, of the target closed'],
    ['switched over', switchedOver, 'closed, of the target open'],
    ['fenced again', fencedAgain, 'closed, of the target fenced'],
  ] as const)('refuses to copy over a target: %s', async (name, make, gates) => {
    const world = await halfway(name, make);
    expect(await found(world)).toEqual({ AlreadySwitched: blocker(`gate of the source ${gates}`) });
    const before = await bothSides(world);
    const attempt = world.visit('CheckReadiness');
    await expect(attempt).rejects.toThrow(NotReady);
    await expect(attempt).rejects.toThrow(/AlreadySwitched.*start Rollback.*start Cleanup/);
    expect(await bothSides(world)).toEqual(before);
  });

  it('refuses a target that serves, although the source was cleaned up without it', async () => {
    const world = await halfway('alone', switchedOver);
    await world.source('begin read write; drop schema planetscale_migration cascade; commit');
    expect(await found(world)).toEqual({ AlreadySwitched: blocker('gate of the source open, of the target open') });
  });

  it('finds a stream back that was not ended, with the remedy', async () => {
    const world = await halfway('back', switchedBack);
    const name = subscriptionName('back', 'reverse');
    expect(await found(world)).toEqual({
      LeftoverReverseStream: blocker(
        `subscription ${name} on the source`,
        expect.stringMatching(new RegExp(`^slot ${name} on the target \\(\\d+ bytes of WAL held\\)$`)),
      ),
    });
    const statements = (await findingsOf(world, [reverseStream]))[0]?.statements ?? [];
    for (const statement of statements.slice(0, -1)) await world.source(statement);
    await eventually(
      async () => (await world.target('select from pg_replication_slots where active and database = current_database()')).length === 0,
    );
    await world.target(statements.at(-1) ?? '');
    expect(await found(world)).toEqual({});
  });
});
