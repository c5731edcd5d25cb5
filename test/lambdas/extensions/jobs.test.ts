import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import { pgCron } from '../../support/extensions.ts';
import { type SharedServers, sharedServers } from '../../support/replicated.ts';
import { letInApplication, SWITCHABLE, writeAt } from '../../support/switchable.ts';
import type { World } from '../../support/world.ts';

/** By what they are called or do; the role only where it is asked for. */
const jobs = async (world: World, side: SideName, columns = 'active') =>
  Object.fromEntries(
    (
      await world[side](`select coalesce(jobname, command) as job, ${columns} as value from cron.job where database = current_database()`)
    ).map(({ job, value }) => [String(job), value]),
  );

const ALL_ON = { nightly: true, paused: false, 'select 1': true };
const ALL_OFF = { nightly: false, paused: false, 'select 1': false };

describe.each([
  [13, 17],
  [18, 18],
] as const)('jobs of pg_cron, from %i to %i (#11)', (sourceVersion, targetVersion) => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ ...SWITCHABLE, source: sourceVersion, target: targetVersion });
  });
  afterAll(() => servers?.destroy());

  /** The master user may write the table, as AWS tells people to, but no policy lets it see other roles' jobs. */
  const scheduled = async (rights = 'insert, update on cron.job'): Promise<World> => {
    const world = await letInApplication(await servers.replicated());
    const master = `"${world.database.source.user}"`;
    await world.source(`${pgCron()}
grant ${rights} to ${master}; grant usage on sequence cron.jobid_seq to ${master};
insert into cron.job (schedule, command, username, active, jobname, database) values
  ('0 3 * * *', 'call nightly()', '${world.database.source.user}', true, 'nightly', current_database()),
  ('* * * * *', 'select 1', '${world.database.source.user}', true, null, current_database()),
  ('@weekly', 'vacuum', '${world.database.source.user}', false, 'paused', current_database()),
  ('@weekly', 'vacuum', '${world.database.source.user}', true, 'of another database', 'elsewhere')`);
    await world.target(pgCron());
    await world.target("select nextval('cron.jobid_seq') from generate_series(1, 100)");
    return world;
  };
  const inWorld = (test: (world: World) => Promise<void>, rights?: string) => async () => {
    const world = await scheduled(rights);
    try {
      await test(world);
    } finally {
      await world.destroy();
    }
  };

  it(
    'are created disabled, enabled by Cutover, and the reverse by Rollback',
    inWorld(async (world) => {
      await world.visit('SyncSequences');
      expect([await jobs(world, 'source'), await jobs(world, 'target')]).toEqual([{ ...ALL_ON }, { ...ALL_OFF }]);
      await world.source("update cron.job set schedule = '0 4 * * *' where jobname = 'nightly'");
      await world.visit('SwitchOver');
      expect([await jobs(world, 'source'), await jobs(world, 'target')]).toEqual([ALL_OFF, ALL_ON]);
      expect(await jobs(world, 'target', 'schedule')).toMatchObject({ nightly: '0 4 * * *' });
      await world.target(`update cron.job set active = false where jobname = 'nightly';
insert into cron.job (schedule, command, jobname) values ('@daily', 'select 2', 'made after the switch')`);
      await world.visit('SwitchBack');
      const back = { ...ALL_ON, nightly: false };
      expect(await jobs(world, 'source')).toEqual({ ...back, 'made after the switch': true });
      expect(await jobs(world, 'target')).toEqual({ ...ALL_OFF, 'made after the switch': false });
      expect(await world.source("select active from cron.job where jobname = 'of another database'")).toEqual([{ active: true }]);
    }),
  );

  it(
    'are handed over by functions where our role may not write the table',
    inWorld(async (world) => {
      await world.visit('SwitchOver');
      expect([await jobs(world, 'source'), await jobs(world, 'target')]).toEqual([ALL_OFF, ALL_ON]);
      await world.target(
        `insert into cron.job (schedule, command, jobname) values ('@daily', 'select 2', null), ('@daily', 'select 3', 'new')`,
      );
      await world.visit('SwitchBack');
      const more = (on: boolean) => ({ 'select 2': on, new: on });
      expect([await jobs(world, 'source'), await jobs(world, 'target')]).toEqual([
        { ...ALL_ON, ...more(true) },
        { ...ALL_OFF, ...more(false) },
      ]);
    }, 'select on cron.job'),
  );

  it(
    'are handed over by Recovery where the switch was interrupted after its commit',
    inWorld(async (world) => {
      await world.visit('SwitchOver');
      await world.source("begin read write; update cron.job set active = true where jobname = 'nightly'; commit");
      await world.target("update cron.job set active = false where jobname = 'nightly'");
      const lift = () => world.until('LiftFence', { execution: 'recovery' });
      expect((await lift()).evidence).toMatchObject({ serving: 'target', interrupted: null });
      expect([await jobs(world, 'source'), await jobs(world, 'target')]).toEqual([ALL_OFF, ALL_ON]);
    }),
  );

  it(
    'do not keep a Rollback from passing, although they could not be handed over',
    inWorld(async (world) => {
      await world.visit('SwitchOver');
      await world.source("begin read write; update cron.job set active = true where jobname = 'nightly'; commit");
      await world.visit('SwitchBack');
      expect([await jobs(world, 'source'), await jobs(world, 'target')]).toEqual([ALL_ON, ALL_OFF]);
    }),
  );

  it(
    'are unchanged without a switch',
    inWorld(async (world) => {
      await world.visit('SyncSequences');
      await world.target(`do $$ declare s name; begin
        select subname into s from pg_subscription where subdbid = (select oid from pg_database where datname = current_database());
        execute format('alter subscription %I disable', s); end $$`);
      await expect(world.visit('SwitchOver')).rejects.toThrow();
      expect(await writeAt(world, 'source')).toBe('written');
      expect([await jobs(world, 'source'), await jobs(world, 'target')]).toEqual([ALL_ON, ALL_OFF]);
    }),
  );

  it(
    'stay enabled at the source where the target has no pg_cron',
    inWorld(async (world) => {
      await world.target("update pg_extension set extname = 'intagg' where extname = 'pg_cron'");
      await world.visit('SwitchOver');
      expect(await jobs(world, 'source')).toEqual(ALL_ON);
    }),
  );
});
