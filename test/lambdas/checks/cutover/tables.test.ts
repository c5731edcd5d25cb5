import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postData } from '../../../../lambdas/checks/cutover/post-data.ts';
import { schema } from '../../../../lambdas/checks/cutover/schema.ts';
import { publication, tables } from '../../../../lambdas/checks/cutover/tables.ts';
import { PUBLICATION, subscriptionName } from '../../../../lambdas/config/names.ts';
import { TARGET_ROLES } from '../../../../rehearsal/servers/planetscale-roles.ts';
import { blocker, LONG, ODD, summary, warning } from '../../../support/findings.ts';
import { type FollowedServers, followedServers, switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('tables, schema and indexes before a Cutover', () => {
  let servers: FollowedServers;
  let world: World;
  beforeAll(async () => {
    servers = await followedServers({ source: 15, target: 18 });
    world = await servers.world();
  });
  afterAll(() => servers?.destroy());

  it('pass as Replicate leaves them', async () => {
    expect(await switchFindings(world, [tables, publication, schema, postData])).toEqual([]);
  });

  it('are refused for tables added or excluded since', async () => {
    await world.source(`create schema ${ODD}; create table ${ODD}.${LONG} (id int primary key)`);
    expect(summary(await switchFindings(world, [tables]))).toEqual({ TableNotPublished: blocker(`${ODD}.${LONG}`) });
    const input = { excludeTables: [`${ODD}.${LONG}`, 'public.plain'] };
    expect(summary(await switchFindings(world, [tables], { input }))).toEqual({ TableNoLongerWanted: blocker('"public"."plain"') });
    await world.source(`drop schema ${ODD} cascade`);
  });

  it('pass for tables left out of the copy, without repeating the input', async () => {
    const input = { excludeSchemas: ['Mixed Case'], excludeTables: ['public.numbered'] };
    const partial = await servers.world({ input });
    expect(await switchFindings(partial, [tables, schema, postData])).toEqual([]);
  });

  it('are refused for tables that the subscription lacks, or that are no longer published', async () => {
    await world.source(`create table public.late (id int primary key); alter publication ${PUBLICATION} add table public.late`);
    await world.source(`alter publication ${PUBLICATION} drop table public.plain`);
    expect(summary(await switchFindings(world, [tables]))).toEqual({
      TableNotPublished: blocker('"public"."plain"'),
      TableNotSubscribed: blocker('"public"."late"'),
      TableOnlySubscribed: blocker('"public"."plain"'),
    });
    await world.source(`drop table public.late; alter publication ${PUBLICATION} add table public.plain`);
  });

  it('are refused for tables that are not ready', async () => {
    await world.source('create table public.waiting (id int primary key)');
    await world.source('insert into public.waiting values (1)');
    await world.target(`create table public.waiting (id int primary key); alter table public.waiting owner to ${TARGET_ROLES.member}`);
    await world.target('insert into public.waiting values (1)');
    await world.source('grant select on public.waiting to planetscale_migration_replication');
    await world.source(`alter publication ${PUBLICATION} add table public.waiting`);
    await world.asTargetRole(`alter subscription ${subscriptionName(world.database.name)} refresh publication`);
    const found = summary(await switchFindings(world, [tables]));
    expect(found).toEqual({ TableNotReady: blocker(expect.stringMatching(/^"public"\."waiting" \((copy not begun|being copied)\)$/)) });
    await world.source('drop table public.waiting');
    await world.asTargetRole(`alter subscription ${subscriptionName(world.database.name)} refresh publication`);
    await world.target('drop table public.waiting');
  });

  it('are refused for a publication with a filter or without some operation', async () => {
    await world.source(`alter publication ${PUBLICATION} set (publish = 'insert, update')`);
    expect(summary(await switchFindings(world, [publication]))).toEqual({ PublicationNarrowed: blocker('source') });
    await world.source(`alter publication ${PUBLICATION} set (publish = 'insert, update, delete, truncate')`);
  });

  it('are refused for changes to the schema of either side, and reported for changes on both alike', async () => {
    await world.source('alter table public.plain add column late int; alter table public.numbered add column alike text');
    await world.target('alter table public.numbered add column alike text; drop index public."by; text"');
    expect(summary(await switchFindings(world, [schema]))).toEqual({
      SchemaChanged: blocker(
        expect.stringMatching(/^on the source, column (public\.)?plain\.late was added: /),
        expect.stringMatching(/^on the target, index .*"by; text" was removed/),
      ),
      SchemaChangedAlike: warning(expect.stringContaining('numbered.alike was added')),
    });
  });

  it('are refused for missing post-data objects and invalid indexes', async () => {
    expect(summary(await switchFindings(world, [postData]))).toEqual({ PostDataMissing: blocker('index by; text on public.plain') });
    await world.target(`update pg_index set indisvalid = false where indexrelid = 'public.numbered_note_key'::regclass`);
    expect(summary(await switchFindings(world, [postData])).IndexInvalid).toEqual(blocker('public.numbered_note_key on public.numbered'));
  });

  it('are not judged where no schema was recorded', async () => {
    const bare = await startWorld({ source: 17, target: 18 });
    try {
      expect(summary(await switchFindings(bare, [schema, postData]))).toEqual({
        SchemaNotRecorded: blocker('source', 'target'),
        PostDataUnknown: blocker('target'),
      });
    } finally {
      await bare.destroy();
    }
  });
});
