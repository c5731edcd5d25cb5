import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extensionRows, jobs } from '../../../../lambdas/checks/cutover/extensions.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { partman, pgCron } from '../../../support/extensions.ts';
import { summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('state that extensions keep, before a switch (#11)', () => {
  let world: World;
  let user = '';
  beforeAll(async () => {
    world = await startWorld({ source: 13, target: 18 });
    user = world.database.source.user;
  });
  afterAll(() => world?.destroy());

  it('is nothing without such an extension', async () => {
    expect(await switchFindings(world, [extensionRows, jobs])).toEqual([]);
  });

  it('is named where rows cannot be copied or only the other side has them', async () => {
    const shop = await world.sibling('rows');
    await shop.source(`${partman()} grant usage on schema partman to "${user}"; grant select on partman."part config" to "${user}"`);
    await shop.target(`${partman()} insert into partman."part config" (parent) values ('dropped since')`);
    const object = (name: string, rest: string) => expect.stringMatching(new RegExp(`^"partman"."${name}" \\(pg_partman\\): ${rest}`));
    expect(summary(await switchFindings(shop, [extensionRows]))).toEqual({
      ExtensionRowsNotCarried: warning(object('sub', '.*permission denied')),
      ExtensionRowsOnlyThere: warning(object('part config', '1$')),
    });
  });

  it('is named where jobs cannot be handed over or are enabled twice', async () => {
    const shop = await world.sibling('jobs');
    const job = (name: string) => `insert into cron.job (schedule, command, username, jobname, database)
      values ('@daily', 'select 1', '${user}', '${name}', current_database());`;
    await shop.source(`${pgCron()} ${job('new')} ${job('twice')}`);
    await shop.target(`${pgCron()} ${job('twice')}`);
    expect(summary(await switchFindings(shop, [jobs]))).toEqual({ JobsEnabledTwice: warning('job twice (pg_cron)') });
    await shop.source('revoke execute on function cron.alter_job from public');
    expect(summary(await switchFindings(shop, [jobs])).JobsNotHandedOver).toEqual(
      warning('job new (pg_cron): our role may not disable it here', 'job twice (pg_cron): our role may not disable it here'),
    );
    await shop.target(job('only here').replace(`'${user}'`, "'postgres'"));
    const back = summary(await switchFindings(shop, [jobs], { direction: ROLLBACK }));
    expect(back.JobsNotHandedOver?.objects).toContain('job twice (pg_cron): our role may not enable it there');
    await shop.source("update pg_extension set extname = 'intagg' where extname = 'pg_cron'");
    const gone = summary(await switchFindings(shop, [jobs], { direction: ROLLBACK }));
    expect(gone).toEqual({
      JobsNotHandedOver: warning('job twice (pg_cron): pg_cron is not there', 'job only here (pg_cron): pg_cron is not there'),
    });
  });
});
