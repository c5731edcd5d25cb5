import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepName } from '../../../lambdas/engine/machines.ts';
import { MACHINES } from '../../../lambdas/engine/machines.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { awkwardSchema } from '../../support/awkward-schema.ts';
import { catalogsOf } from '../../support/catalogs.ts';
import { bothSides, CLEAN, copied, migrate, NOTHING, ofOurs, ROWS } from '../../support/cleaned.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { switchedOver } from '../../support/partial-switch.ts';
import { startWorld, type World } from '../../support/world.ts';

describe('DropReplication, by roles without SUPERUSER', () => {
  describeLifecycle('DropReplication', {
    async world() {
      const world = await startWorld({ source: 17, target: 17, schema: ROWS });
      await migrate(world);
      await copied(world);
      return world;
    },
    effect: ofOurs,
  });
});

describe('DropReplication after a switch, by roles without SUPERUSER', () => {
  describeLifecycle('DropReplication', {
    async world() {
      const world = await startWorld({ source: 17, target: 17, schema: ROWS });
      await migrate(world);
      await copied(world);
      await switchedOver(world);
      return world;
    },
    effect: ofOurs,
  });
});

/** What makes something, or changes it, in the order of Replicate. */
const ORDER: readonly StepName[] = MACHINES.Replicate.order.map(({ step }) => step);
const MAKING = ORDER.slice(ORDER.indexOf('CreateReplicationRole'));

describe.each<[ServerVersion, ServerVersion, readonly StepName[]]>([
  [11, 17, ['CreateReplicationRole', 'CreateSubscription', 'CompareData']],
  [17, 18, MAKING],
])('DropReplication from %i to %i', (source, target, stops) => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source, target });
  });
  afterAll(() => base?.destroy());

  it('leaves both servers as they were before Replicate, after any of its steps', async () => {
    const world = await base.sibling(`Every "step" ${source}`);
    await world.asSourceRole(ROWS);
    const before = await bothSides(world);
    await migrate(world, ['CheckReadiness', 'VerifyWalLevel']);
    await world.until('DropReplication');
    for (const last of stops) {
      await migrate(world, MAKING.slice(0, MAKING.indexOf(last) + 1));
      const done = await world.until('DropReplication', { input: { target: 'drop' } });
      expect([last, done.evidence]).toEqual([last, CLEAN]);
      expect([last, await bothSides(world)]).toEqual([last, before]);
    }
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await bothSides(world)).toEqual(before);
  });

  it('keeps the copied objects unless the input says otherwise, and then drops every kind and what BuildIndexes built', async () => {
    const world = await base.sibling(`Dropped ${source}`);
    await world.asSourceRole(awkwardSchema(source));
    await world.asTargetRole(
      'create table public.mine (id int primary key); create schema theirs; create view theirs.also as select 1 as one',
    );
    const before = await catalogsOf(world.target);
    await migrate(world, ['CopySchema', 'BuildIndexes']);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await catalogsOf(world.target)).toEqual(before);

    const relations = () => world.target(`select oid from pg_class where relnamespace = 'shop'::regnamespace order by 1`);
    await migrate(world, ['CopySchema', 'BuildIndexes']);
    const there = await relations();
    expect(there.length).toBeGreaterThan(10);
    await world.until('DropReplication');
    expect(await relations()).toEqual(there);
    expect(await ofOurs(world)).toEqual(NOTHING);
  });
});
