/** What a server remembers of a switch, changed as a superuser may and a crash did. */
import type { SideName } from '../../lambdas/config/side-name.ts';
import { restoreGate } from '../../lambdas/state/gates.sql.ts';
import type { World } from './world.ts';

const GATE = 'planetscale_migration.gate';

/** As after a crash that has lost the commit, but not the fence before it; the one who would have lifted that fence is gone as well. */
export async function forgetCommit(world: World, side: SideName): Promise<void> {
  await endOurs(world, side);
  await world[side](`set transaction read write;
update ${GATE} set state = 'fenced', commits = commits - 1, deadline = clock_timestamp() - interval '1 minute' where state = 'closed'`);
}

/** As after a crash, or a restore, that has lost the fence as well: the side takes the application's writes again. */
export async function forgetSwitch(world: World, side: SideName): Promise<void> {
  await endOurs(world, side);
  const database = world.ports('SwitchOver').acting[side];
  await database.query(restoreGate());
  await world[side](`update ${GATE} set commits = commits - 1, turn = turn - 1`);
}

/** A crash ends every session. */
const endOurs = (world: World, side: SideName) =>
  world[side](`select pg_terminate_backend(pid) from pg_stat_activity where starts_with(application_name, 'planetscale_migration:')`);
