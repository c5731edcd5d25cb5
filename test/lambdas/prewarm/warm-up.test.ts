import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prewarm } from '../../../lambdas/checks/readiness/prewarm.ts';
import { findingsOf, summary, warning } from '../../support/findings.ts';
import { startWorld, type World } from '../../support/world.ts';

const INPUT = { prewarm: true };
const SCHEMA = 'create table public."Large" (id int primary key, filler text); create table public.small (id int primary key)';
/** Beyond the 16 MB of shared_buffers that tests have. */
const ROWS = `insert into public."Large" select i, repeat('x', 1000) from generate_series(1, 30000) as i; insert into public.small values (1)`;

describe.each([17, 18] as const)('BuildIndexes with "prewarm": true, on %i (#11)', (target) => {
  let world: World;
  let made = 0;
  beforeAll(async () => {
    world = await startWorld({ source: 13, target });
  });
  afterAll(() => world?.destroy());

  const copied = async (rows = ROWS): Promise<World> => {
    made += 1;
    const shop = await world.sibling(`prewarm ${made}`);
    await shop.asSourceRole(SCHEMA);
    await shop.until('CopySchema');
    await shop.target(rows);
    return shop;
  };
  const pages = async (on: World): Promise<number> =>
    Number(
      (
        await on.target(`select sum(pg_relation_size(oid)) / 8192 as n from pg_class
where relkind in ('r', 'i') and relnamespace = 'public'::regnamespace`)
      )[0]?.n,
    );
  const installed = (on: World) => on.target("select from pg_extension where extname = 'pg_prewarm'");

  it('reads tables and indexes once an execution where pg_prewarm is installed, in any schema', async () => {
    const shop = await copied('insert into public."Large" select i, \'x\' from generate_series(1, 2000) as i');
    await shop.target('create schema "my tools"; create extension pg_prewarm schema "my tools"');
    expect(await findingsOf(shop, [prewarm], { input: INPUT })).toEqual([]);
    const { evidence } = await shop.until('BuildIndexes', { input: INPUT });
    expect(evidence).toMatchObject({ prewarmed: { pages: await pages(shop), failure: null } });
    const again = await shop.visit('BuildIndexes', { input: INPUT });
    expect(again).toMatchObject({ verdict: 'done', evidence });
    expect((await shop.visit('BuildIndexes', { input: INPUT, execution: 'another' })).evidence).toEqual(evidence);
    expect(await installed(shop)).toHaveLength(1);
  });

  it('reads as much as fits', async () => {
    const shop = await copied();
    await shop.target('create extension pg_prewarm');
    const { evidence } = await shop.until('BuildIndexes', { input: INPUT });
    expect(evidence).toMatchObject({ prewarmed: { pages: Math.floor(2048 * 0.8), failure: null } });
  });

  it('skips prewarming where our role may not install pg_prewarm, which Preflight reports', async () => {
    const shop = await copied();
    expect(summary(await findingsOf(shop, [prewarm], { input: INPUT }))).toEqual({ PrewarmNotThere: warning('pg_prewarm') });
    expect(await findingsOf(shop, [prewarm])).toEqual([]);
    const { evidence } = await shop.until('BuildIndexes', { input: INPUT });
    expect(evidence).toMatchObject({ prewarmed: { pages: 0, failure: expect.stringContaining('permission denied') } });
    expect((await shop.until('BuildIndexes', { execution: 'without' })).evidence).not.toHaveProperty('prewarmed');
  });

  it('drops the extension that it installed itself', async () => {
    const shop = await copied();
    const role = `"${shop.database.target.user.replace(`.${shop.pair.edge.branch}`, '')}"`;
    await shop.target(`alter role ${role} superuser`);
    try {
      const { evidence } = await shop.until('BuildIndexes', { input: INPUT });
      expect(evidence).toMatchObject({ prewarmed: { pages: Math.floor(2048 * 0.8), failure: null } });
      expect(await installed(shop)).toEqual([]);
    } finally {
      await shop.target(`alter role ${role} nosuperuser`);
    }
  });
});
