import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../../lambdas/adapters/postgres/client-config.ts';
import { startWorld, type World } from '../../../support/world.ts';

/** Enough to start a statement, and to be over soon. */
const SHORT_MS = 3_000;

const SCHEMA = `
create table read_often (id int primary key, word text) with (autovacuum_enabled = off);
create materialized view totals with (autovacuum_enabled = off) as select count(*) as n from read_often;
`;

describe('BuildIndexes vacuums the copied relations (#11)', () => {
  let world: World;
  let made = 0;
  beforeAll(async () => {
    world = await startWorld({ source: 13, target: 18 });
  });
  afterAll(() => world?.destroy());

  const copied = async (): Promise<World> => {
    made += 1;
    const sibling = await world.sibling(`vacuum ${made}`);
    await sibling.asSourceRole(SCHEMA);
    await sibling.until('CopySchema');
    await sibling.target("insert into read_often select i, 'word' from generate_series(1, 20000) as i");
    return sibling;
  };

  const unseen = (on: World) =>
    on.target(
      `select relname::text as name from pg_class where relname in ('read_often', 'totals') and (relpages = 0 or relallvisible < relpages)`,
    );

  it('and leaves every page of tables and materialized views in the visibility map', async () => {
    const shop = await copied();
    expect(await unseen(shop)).toHaveLength(2);
    const { evidence } = await shop.until('BuildIndexes');
    expect(evidence).toMatchObject({ kinds: { vacuum: { done: 1, failed: 0 } } });
    expect(await unseen(shop)).toEqual([]);
  });

  it('and leaves a long VACUUM to the server at the end of a visit, and finds it at the next', async () => {
    const shop = await copied();
    const locker = new pg.Client(clientConfig(shop.database.target, 'test locker'));
    await locker.connect();
    try {
      await shop.target("update planetscale_migration.post_data set finished_at = now() where kind in ('analyze', 'refresh')");
      await locker.query('begin; lock table read_often in share update exclusive mode');
      const first = await shop.visit('BuildIndexes', { budgetMs: SHORT_MS });
      expect(first).toMatchObject({ verdict: 'pending', evidence: { kinds: { vacuum: { running: 1 } } } });
      const second = await shop.visit('BuildIndexes', { budgetMs: SHORT_MS, state: { BuildIndexes: first } });
      expect(second).toMatchObject({ verdict: 'pending', evidence: { kinds: { vacuum: { running: 1 } } } });
    } finally {
      await locker.end();
    }
    await shop.until('BuildIndexes');
    expect(await unseen(shop)).not.toContainEqual({ name: 'read_often' });
  });
});
