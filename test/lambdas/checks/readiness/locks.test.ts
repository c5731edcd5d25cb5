import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locks } from '../../../../lambdas/checks/readiness/locks.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { findingsOf } from '../../../support/findings.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

/** Few places and few locks for each. */
const FEW = {
  ...{ max_locks_per_transaction: 16, max_connections: 20, max_worker_processes: 8, max_logical_replication_workers: 4 },
  ...{ max_wal_senders: 5, max_replication_slots: 5 },
};

const tables = (most: number): string =>
  `do $$ begin for i in 1..${most} loop execute format('create table t%s (id int primary key, body text)', i); if i % 100 = 0 then commit; end if;
  end loop; end $$`;

describe.each(versions<readonly [ServerVersion, ServerVersion]>([13, 17], [18, 18]))(
  'lock table capacity from %d to %d (#11)',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target, sourceParameters: { max_locks_per_transaction: 256 }, targetParameters: FEW });
    });
    afterAll(() => world?.destroy());

    it('leads to no finding where it suffices for CopySchema', async () => {
      const few = await world.sibling('few');
      await few.asSourceRole(tables(60));
      expect(await findingsOf(few, [locks])).toEqual([]);
      await few.until('CopySchema');
    });

    it('is reported before CopySchema would fail, with a value that suffices', async () => {
      const many = await world.sibling('many');
      const [room] = await many.target("select current_setting('max_locks_per_transaction')::int as per");
      expect(room).toEqual({ per: 16 });
      await many.asSourceRole(tables(700));
      const [found] = await findingsOf(many, [locks]);
      expect(found).toMatchObject({
        code: 'TooFewLocks',
        severity: 'blocker',
        objects: [expect.stringMatching(/^target: max_locks_per_transaction = 16, about 29\d\d locks needed, room for \d+: set \d+$/)],
      });
      await expect(many.until('CopySchema')).rejects.toThrow(/out of shared memory.*target is as it was.*raise max_locks_per_transaction/s);
      const enough = Number(/set (\d+)$/.exec(found?.objects[0] ?? '')?.[1]);
      await many.pair.target.restart({ max_locks_per_transaction: enough });
      expect(await findingsOf(many, [locks])).toEqual([]);
      await many.until('CopySchema');
    });
  },
);
