import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepName } from '../../../lambdas/engine/machines.ts';
import { MACHINES } from '../../../lambdas/engine/machines.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import type { TargetLogin } from '../../../rehearsal/servers/planetscale-roles.ts';
import { accessSeen, LOW, OWNER, ownedSchema } from '../../support/owned-schema.ts';
import { eventually } from '../../support/replicated.ts';
import { startWorld, type World } from '../../support/world.ts';

const STEPS: readonly StepName[] = MACHINES.Replicate.order
  .map(({ step }) => step)
  .filter((step) => !/CheckReadiness|ConfigureSource|RebootSource/.test(step));
const named = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe.each<[ServerVersion, ServerVersion, TargetLogin]>([
  [15, 18, 'member'],
  [17, 17, 'default'],
])('the stream to tables of several owners, from %d to %d by the role %s', (source, target, targetLogin) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target, targetLogin, schema: ownedSchema(source) });
    await world.asSourceRole(`create role planetscale_migration_replication; grant ${named(OWNER)} to planetscale_migration_replication`);
    for (const step of STEPS) await world.until(step);
  });
  afterAll(() => world?.destroy());

  it('brings changes of tables with row-level security, partitions and odd names', async () => {
    await world.source(`insert into shop.orders (state, price, note) values ('paid', 7, 'streamed'); update shop.orders set price = price + 1;
      insert into shop.by_day values (1, '2020-05-05'); insert into "Odd ""schema"""."Odd ""table""" values (1, 'x')`);
    const seen = `select (select string_agg(price::text, ',' order by id) from shop.orders) as prices, (select count(*)::int from shop.by_day) as days,
      (select count(*)::int from "Odd ""schema"""."Odd ""table""") as odd`;
    await eventually(async () => JSON.stringify(await world.target(seen)) === JSON.stringify([{ prices: '6,8', days: 1, odd: 1 }]));
    expect(await world.target(`select pg_get_userbyid(relowner)::text as owner from pg_class where relname = 'Odd "table"'`)).toEqual([
      { owner: LOW },
    ]);
  });

  it('leaves the rights of every role as they are on the source, after Cleanup too', async () => {
    const before = await accessSeen(world, 'target');
    await world.until('DropReplication');
    expect(await accessSeen(world, 'target')).toEqual(await accessSeen(world, 'source'));
    // The replication role may read what the owners will make, as long as it is there.
    expect({ ...before, defaults: {} }).toEqual({ ...(await accessSeen(world, 'target')), defaults: {} });
  });
});
