import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { other } from '../../support/fenced.ts';
import { type SharedServers, sharedServers } from '../../support/replicated.ts';
import {
  asApplication,
  fenceOn,
  IGNORING_THE_FENCE,
  letInApplication,
  SWITCHABLE,
  writableSides,
  writeAt,
} from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

describe.each([
  [11, 17],
  [17, 18],
] as const)('SwitchOver from %i to %i beside other writers', (source, target) => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ ...SWITCHABLE, source, target });
  });
  afterAll(() => servers?.destroy());
  const within = (test: (world: World) => Promise<void>) => async () => {
    const world = await letInApplication(await servers.replicated());
    try {
      await test(world);
    } finally {
      await world.destroy();
    }
  };
  const idsAt = async (world: World, side: 'source' | 'target') =>
    (await world[side](`select coalesce(array_agg(id order by id), '{}')::text as ids from public.written`))[0]?.ids;

  it(
    'acknowledges no write of a session of replication=database that the target will not have (#9.6)',
    within(async (world) => {
      await world.source('alter role the_application replication');
      const walsender = await other(asApplication(world, 'source'), 'change data capture', { replication: 'database' });
      await walsender.query('begin');
      await walsender.query('insert into public.written default values');
      await world.visit('SwitchOver');
      await expect(walsender.query('commit')).rejects.toThrow();
      await walsender.end();
      expect(await idsAt(world, 'source')).toBe(await idsAt(world, 'target'));
    }),
  );

  it(
    'refuses roles to which another role had granted CONNECT, and the Rollback grants it again (#9.7)',
    within(async (world) => {
      const database = `"${world.database.name.replaceAll('"', '""')}"`;
      const { user } = world.places.source;
      await world.source(`do $$ begin create role holder; exception when duplicate_object then null; end $$;
revoke connect on database ${database} from public; grant connect on database ${database} to holder with grant option;
grant holder to ${user}`);
      await world.source(`set role holder; grant connect on database ${database} to the_application`);
      const before = await fenceOn(world, 'source');
      await world.visit('SwitchOver');
      expect(await writeAt(world, 'source', IGNORING_THE_FENCE)).toBe(INSUFFICIENT_PRIVILEGE);
      await world.visit('SwitchBack');
      expect(await writableSides(world)).toEqual(['source']);
      expect(await fenceOn(world, 'source')).toEqual(before);
      await world.source(`revoke holder from ${user}`);
    }),
  );

  it(
    'aborts where a role could write under the fence, with everything as it was (#9.7)',
    within(async (world) => {
      const before = await fenceOn(world, 'target');
      await world.target(`grant ${world.database.roles.target} to the_application`);
      try {
        await expect(world.visit('SwitchOver')).rejects.toThrow(
          /^The target could not be kept from .* goes on at the source\. These roles can connect although the database is shut: the_application\./,
        );
        expect(await writeAt(world, 'source')).toBe('written');
        await world.visit('SwitchOver', { input: { harmlessRoles: ['the_application'] } });
      } finally {
        await world.target(`revoke ${world.database.roles.target} from the_application`);
      }
      expect(await writableSides(world)).toEqual(['target']);
      expect(await fenceOn(world, 'target')).toEqual(before);
    }),
  );
});
