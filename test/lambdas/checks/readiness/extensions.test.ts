import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extensionRows, extensions } from '../../../../lambdas/checks/readiness/extensions.ts';
import { STAY_BEHIND } from '../../../../lambdas/schema/aurora-extensions.ts';
import { blocker, findingsOf, ODD, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

/** Gives an installed extension another name or version, as no other server here has Aurora's extensions. */
const pretend = (world: World, change: string, name: string) =>
  world.source(`set allow_system_table_mods = on; update pg_extension set ${change} where extname = '${name}'`);

describe('the check of extensions', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.destroy());

  it('finds nothing where the target may install the same', async () => {
    const same = await world.sibling('same');
    await same.source('create extension hstore; create table t (id int primary key, h hstore)');
    await pretend(same, "extversion = (select '1.8')", 'hstore');
    expect(await findingsOf(same, [extensions, extensionRows])).toEqual([]);
  });

  it('finds extensions that the target lacks, with everything that depends on them', async () => {
    const lacking = await world.sibling('lacking');
    await lacking.source(`
create schema ${ODD}; create schema left_out;
create extension old_snapshot;
create view ${ODD}."uses it" as select * from pg_old_snapshot_time_mapping();
create view left_out.uses_it_too as select * from pg_old_snapshot_time_mapping();
create extension citext;
create table ${ODD}."T" (id int primary key, c citext, many citext[], d text default ('x'::citext)::text);
create index "i c" on ${ODD}."T" using hash (c);
create table left_out.t (c citext);
create extension adminpack;
create extension pg_buffercache;
create extension tcn`);
    await pretend(lacking, "extname = 'plv8'", 'citext');
    await pretend(lacking, "extname = 'aws_commons'", 'adminpack');
    const found = summary(await findingsOf(lacking, [extensions], { input: { excludeSchemas: ['left_out'] } }));
    expect(found.ExtensionStaysBehind).toEqual(warning('aws_commons'));
    expect(found.ExtensionNotInstallable).toEqual(blocker('pg_buffercache'));
    expect(found.ExtensionMissing?.severity).toBe('blocker');
    expect(found.ExtensionMissing?.objects.toSorted()).toEqual(
      [
        `old_snapshot: rule _RETURN on view ${ODD}."uses it"`,
        `plv8: column c of table ${ODD}."T"`,
        `plv8: column many of table ${ODD}."T"`,
        `plv8: default value for column d of table ${ODD}."T"`,
        `plv8: index ${ODD}."i c"`,
      ].toSorted(),
    );
  });

  it('says so where nothing depends on a missing extension that is not of Aurora', async () => {
    const lonely = await world.sibling('lonely');
    await lonely.source('create extension old_snapshot');
    expect(summary(await findingsOf(lonely, [extensions]))).toEqual({ ExtensionMissing: blocker('old_snapshot: nothing depends on it') });
  });

  it('accepts one that is installed on the target already, and names versions that differ', async () => {
    const ready = await world.sibling('ready');
    await ready.source('create extension pg_buffercache; create extension hstore');
    await pretend(ready, "extversion = '1.0'", 'hstore');
    await ready.target('create extension pg_buffercache');
    const found = summary(await findingsOf(ready, [extensions]));
    expect(Object.keys(found)).toEqual(['ExtensionVersionDiffers']);
    expect(found.ExtensionVersionDiffers?.objects).toContain('hstore 1.0 to 1.8');
  });

  it('refuses a trusted extension where the role may not create in the database', async () => {
    const closed = await world.sibling('closed');
    await closed.source('create extension hstore');
    await closed.target('alter database closed owner to pscale_admin');
    expect(summary(await findingsOf(closed, [extensions])).ExtensionNotInstallable).toEqual(blocker('hstore'));
  });

  it('says whose rows are left out', async () => {
    const rows = await world.sibling('rows');
    await rows.source(
      `create schema ${ODD}; create extension hstore; create table ${ODD}."jobs" (id int); alter extension hstore add table ${ODD}.jobs`,
    );
    expect(summary(await findingsOf(rows, [extensionRows]))).toEqual({ ExtensionTablesLeftOut: warning(`${ODD}.jobs (hstore)`) });
  });

  it('names the extensions of Aurora once each', () => {
    expect(new Set(STAY_BEHIND).size).toBe(STAY_BEHIND.length);
    expect(STAY_BEHIND).toContain('aws_s3');
  });
});
