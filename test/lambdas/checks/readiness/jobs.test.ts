import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadContext } from '../../../../lambdas/checks/readiness/context.ts';
import { extensionRows } from '../../../../lambdas/checks/readiness/extensions.ts';
import { jobs } from '../../../../lambdas/checks/readiness/jobs.ts';
import { findAll } from '../../../../lambdas/checks/run.ts';
import { parseInput } from '../../../../lambdas/config/input.ts';
import { cronDatabase } from '../../../../lambdas/extensions/cron-jobs.sql.ts';
import type { Reader } from '../../../../lambdas/ports/database.ts';
import { partman, pgCron } from '../../../support/extensions.ts';
import { blocker, findingsOf, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('state that extensions keep, before the copy (#11)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 13, target: 18 });
  });
  afterAll(() => world?.destroy());

  /** As if pg_cron were loaded: its setting can be seen nowhere else. */
  const loadedIn = (reader: Reader, database: string): Reader => ({
    ...reader,
    query: async (statement) => (statement.text === cronDatabase().text ? ([{ database }] as never) : reader.query(statement)),
  });

  it('is named for jobs that cannot be copied as they are, with the missing privileges', async () => {
    const shop = await world.sibling('with jobs');
    const user = shop.database.source.user;
    await shop.source(`${pgCron()}
insert into cron.job (schedule, command, username, jobname, database) values ('@daily', 'select 1', '${user}', 'nightly', current_database()),
  ('@daily', 'select 1', 'nobody_here', 'hidden', current_database()), ('@daily', 'select 1', '${user}', 'far', 'elsewhere');
revoke execute on function cron.alter_job from public`);
    expect(summary(await findingsOf(shop, [jobs]))).toEqual({
      JobsHidden: warning(user),
      JobsOfOtherDatabases: warning('elsewhere: 1'),
      JobsOfMissingRoles: warning(`job nightly (pg_cron): ${user}`),
      JobsStayEnabled: warning('job nightly (pg_cron)'),
    });
    await shop.source(`grant update on cron.job to "${user}"`);
    expect(summary(await findingsOf(shop, [jobs]))).not.toHaveProperty('JobsStayEnabled');
    expect(summary(await findingsOf(shop, [jobs], { input: { excludeSchemas: ['cron'] } }))).toEqual({});
    const { looking } = shop.ports('CheckReadiness');
    const context = await loadContext({ ...looking, target: loadedIn(looking.target, 'another'), input: parseInput({}) });
    expect(summary(await findAll([jobs], context))).toMatchObject({ CronInAnotherDatabase: blocker('cron.database_name = another') });
  });

  it('leads to a warning for jobs that our role may not read', async () => {
    const shop = await world.sibling('closed');
    await shop.source(
      `${pgCron()} insert into cron.job (schedule, command) values ('@daily', 'select 1'); revoke select on cron.job from public`,
    );
    expect(summary(await findingsOf(shop, [jobs]))).toEqual({ JobsUnreadable: warning('cron.job') });
    await shop.source('grant select on cron.job to public; revoke usage on schema cron from public');
    expect(summary(await findingsOf(shop, [jobs]))).toEqual({ JobsUnreadable: warning('cron.job') });
  });

  it("is named for jobs that run here from another database's pg_cron", async () => {
    const shop = await world.sibling('without');
    const { looking } = shop.ports('CheckReadiness');
    const context = await loadContext({ ...looking, source: loadedIn(looking.source, 'postgres'), input: parseInput({}) });
    const [found] = await findAll([jobs], context);
    expect(found).toMatchObject({ code: 'JobsInAnotherDatabase', severity: 'warning', objects: ['postgres'] });
    expect(found?.remedy).toContain("where database = 'without'");
  });

  it('is told apart in marked rows that cannot be read and in tables that no extension marks', async () => {
    const shop = await world.sibling('marked');
    const user = shop.database.source.user;
    await shop.source(`${partman()} grant usage on schema partman to "${user}";
grant select on partman."part config" to "${user}"`);
    await shop.target(partman());
    const refused = (object: string) => expect.stringContaining(`"partman"."${object}" (pg_partman): `);
    expect(summary(await findingsOf(shop, [extensionRows]))).toEqual({
      ExtensionTablesLeftOut: warning('partman.log (pg_partman)'),
      ExtensionRowsNotCarried: warning(refused('sub'), refused('config_seq')),
    });
    await shop.source(`grant select on partman.sub, partman.config_seq to "${user}"`);
    expect(summary(await findingsOf(shop, [extensionRows]))).not.toHaveProperty('ExtensionRowsNotCarried');
    await shop.target("update pg_extension set extname = 'intagg' where extname = 'pg_partman'");
    expect(summary(await findingsOf(shop, [extensionRows])).ExtensionRowsNotCarried?.objects).toHaveLength(3);
  });
});
