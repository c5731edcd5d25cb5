/** Two migrations of one server that make the same role at the same moment. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { StatementFailed, TransientError } from '../../../lambdas/config/errors.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import { besideOtherMigrations } from '../../../lambdas/postgres/role-race.ts';
import { eventually, published } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

describe('a role that another migration makes', () => {
  let world: World;
  beforeAll(async () => {
    world = await published();
  });
  afterAll(() => world?.destroy());

  it('and commits while we make it is found by the next try', async () => {
    const other = new pg.Client(clientConfig(world.pair.target.superuser(), 'another migration'));
    await other.connect();
    try {
      await other.query(`begin; create role ${REPLICATION_ROLE}`);
      const making = world.visit('CreateSubscription').catch((error: unknown) => error);
      const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and application_name like 'planetscale_migration:CreateSubscription%'`;
      await eventually(async () => (await world.target(waits)).length > 0);
      await other.query('commit');
      expect(await making).toBeInstanceOf(TransientError);
      expect(((await making) as Error).message).toContain('at the same moment');
    } finally {
      await other.query(`rollback; drop role if exists ${REPLICATION_ROLE}`);
      await other.end();
    }
    await world.until('CreateSubscription');
  });

  it('is told from what has nothing to do with roles', async () => {
    const failed = new StatementFailed('a row is there twice', { code: '23505', schema: 'shop', table: 'orders' });
    await expect(besideOtherMigrations(Promise.reject(failed))).rejects.toBe(failed);
  });
});
