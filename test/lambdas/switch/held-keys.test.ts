import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema as schemaCheck } from '../../../lambdas/checks/cutover/schema.ts';
import { CUTOVER, ROLLBACK } from '../../../lambdas/config/direction.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { switchFindings } from '../../support/following.ts';
import { eventually, tableStates } from '../../support/replicated.ts';
import { SWITCHABLE } from '../../support/switchable.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

/** `note` refers to `job` too and is published, so the stream brings a truncate of both at once. */
const schema = (version: number) => `
create table job (id int primary key, name text);
create unlogged table job_lock (job_id int primary key references job (id) on delete cascade, holder text);
create table note (id int primary key, job int references job deferrable);
create schema aside; create table aside.log (id int primary key, job int, constraint "of; job" foreign key (job) references job);
create table part_root (id int primary key) ${version >= 12 ? 'partition by range (id); create table part_1 partition of part_root for values from (0) to (100)' : ''};
create unlogged table part_lock (id int references part_root);
create table mixed (id int, job int constraint mixed_job references job) partition by range (id);
create table mixed_1 partition of mixed for values from (0) to (10); create unlogged table mixed_2 partition of mixed for values from (10) to (20);
create table mixed_3 partition of mixed for values from (20) to (30) partition by range (id); create table mixed_3_1 partition of mixed_3 default;
insert into job values (1, 'a'), (2, 'b'); insert into job_lock values (1, 'me'); insert into note values (1, 1); insert into part_root values (1);
`;
const INPUT = { input: { excludeSchemas: ['aside'] } };

const KEYS = `select conname::text as name, convalidated as valid from pg_constraint as k
where contype = 'f' and conrelid::regclass::text in ('job_lock', 'note', 'aside.log', 'part_lock', 'mixed') and conparentid = 0 order by 1`;
const named = async (world: World, side: 'source' | 'target') => (await world[side](KEYS)).map(({ name }) => name);
const ALL = ['job_lock_job_id_fkey', 'mixed_job', 'note_job_fkey', 'of; job', 'part_lock_id_fkey'];

describe.each(versions<[ServerVersion, ServerVersion]>([11, 18], [15, 17], [18, 18]))(
  'a foreign key of an unlogged or excluded table, from %i to %i (#11)',
  (source, target) => {
    let world: World;
    const count = async (side: 'source' | 'target', table: string) => (await world[side](`select count(*)::int as n from ${table}`))[0]?.n;
    beforeAll(async () => {
      world = await startWorld({ source, target, schema: schema(source), sourceParameters: SWITCHABLE.sourceParameters ?? {} });
      for (const step of ['CreateReplicationRole', 'CopySchema', 'CreatePublication'] as const) await world.visit(step, INPUT);
      await world.until('CreateSubscription', INPUT);
      await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
      expect((await world.until('BuildIndexes', INPUT)).evidence).toMatchObject({ failures: [] });
    });
    afterAll(() => world?.destroy());

    it('is not on the target while it subscribes, and TRUNCATE … CASCADE arrives', async () => {
      expect(await named(world, 'target')).toEqual(['note_job_fkey']);
      expect(await named(world, 'source')).toEqual(ALL);
      await world.source('truncate job cascade; truncate part_root cascade');
      await world.source("insert into job values (3, 'c'); insert into part_root values (5)");
      await eventually(async () => (await count('target', 'part_root where id = 5')) === 1);
      expect([await count('target', 'job'), await count('target', 'note'), await count('target', 'part_root')]).toEqual([1, 0, 1]);
      expect(await switchFindings(world, [schemaCheck], { direction: CUTOVER, ...INPUT })).toEqual([]);
    });

    it('is created on the target by the switch, and is not on the source until the Rollback', async () => {
      await world.visit('SwitchOver', INPUT);
      expect(await named(world, 'target')).toEqual(ALL.filter((name) => name !== 'of; job'));
      expect(await named(world, 'source')).toEqual(['note_job_fkey']);
      await world.target("insert into job_lock values (3, 'me'); insert into note values (2, 3)");
      await eventually(async () => (await count('source', 'note')) === 1);
      await world.target('truncate job cascade; truncate part_root cascade');
      await world.target("insert into job values (4, 'd')");
      await eventually(async () => (await count('source', 'job where id = 4')) === 1);
      expect([await count('source', 'job'), await count('source', 'note'), await count('source', 'part_root')]).toEqual([1, 0, 0]);
      expect(await switchFindings(world, [schemaCheck], { direction: ROLLBACK, ...INPUT })).toEqual([]);
    });

    it('is back on the source after the Rollback, NOT VALID where it is violated, and Cleanup creates what is still held', async () => {
      await world.source('begin read write; insert into aside.log values (1, 99); insert into mixed values (11, 99); commit');
      await world.visit('SwitchBack', INPUT);
      // Before version 18 a partitioned table takes no key NOT VALID, so it stays held: the way back is taken all the same.
      const made = ALL.filter((name) => name !== 'mixed_job');
      expect(await world.source(KEYS)).toEqual(made.map((name) => ({ name, valid: name !== 'of; job' })));
      expect(await named(world, 'target')).toEqual(['note_job_fkey']);
      await world.source('truncate job cascade');
      await world.source("insert into job values (7, 'e')");
      await eventually(async () => (await count('target', 'job where id = 7')) === 1);
      // Its rows refer to what is gone, so Cleanup leaves it to a person, and says so.
      const { evidence } = await world.until('DropReplication');
      expect(JSON.stringify(evidence)).toMatch(/"foreignKeysToMake":\["alter table public.mixed add constraint mixed_job FOREIGN KEY/i);
      expect(await named(world, 'source')).toEqual(made);
      expect(await named(world, 'target')).toEqual(ALL.filter((name) => name !== 'of; job'));
    });
  },
);
