import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CopyStalled, ReplicationBroken, TransientError } from '../../../lambdas/config/errors.ts';
import { REPLICATION_ROLE, subscriptionName } from '../../../lambdas/config/names.ts';
import type { Session } from '../../../lambdas/ports/database.ts';
import { HOSTILE_TABLES, hostileRows, hostileSchema, hostileTarget } from '../../support/hostile.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually, published, ROWS, type SharedServers, sharedServers, sidesAgree, tableStates } from '../../support/replicated.ts';
import { MANY_TRIES, startWorld, type World } from '../../support/world.ts';

const TABLES = HOSTILE_TABLES.length + 1;
const LOCKED = 'public.plain';

/** Holds the copy of one table back for as long as the session lives, so that it is in flight for certain. */
const holdBack = async (world: World, side: 'source' | 'target' = 'target'): Promise<Session> => {
  const session = await world.ports('holder').acting[side].session('lock');
  await session.script(`begin; lock table ${LOCKED} in ${side === 'target' ? 'share' : 'access exclusive'} mode`);
  return session;
};

/** As a state machine does: errors that may pass are tried again. */
const persist = async (world: World) => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await world.until('AwaitCopy');
    } catch (error) {
      if (!(error instanceof TransientError) || tries > MANY_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
};

/** Evidence of a visit long ago, since when nothing moved. */
const longAgo = (evidence: unknown, changes: object = {}) => {
  const { watch } = evidence as { watch: object };
  const idle = { ...watch, bytesInFlight: 1e15, position: 1e15, movedAt: 0, idleVisits: 100, passedAt: 0, ...changes };
  return { AwaitCopy: { verdict: 'pending', since: new Date(0).toISOString(), evidence: { watch: idle } } };
};

describe('AwaitCopy', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ source: 15, target: 18 });
  });
  afterAll(() => servers?.destroy());

  describeLifecycle('AwaitCopy', {
    // The publication has gained a table since the subscription was made.
    world: async () => {
      const input = { excludeTables: ['public.plain'] };
      const world = await servers.published({ input });
      await world.until('CreateSubscription', { input });
      await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
      await world.visit('CreateReplicationRole');
      await world.visit('CreatePublication');
      return world;
    },
    effect: tableStates,
  });
});

describe.each([
  [11, 18],
  [13, 17],
  [15, 17],
  [17, 18],
] as const)('AwaitCopy from %i to %i', (source, target) => {
  it('counts every published table, and ends when all are equal', async () => {
    const world = await published({ source, target });
    try {
      await world.asSourceRole(`${hostileRows(10_000, 18_000)}; analyze`);
      await world.until('CreateSubscription');
      const result = await world.until('AwaitCopy');
      expect(result.evidence).toMatchObject({ tables: TABLES, ready: TABLES, percent: 100, copying: 0, inFlight: [], errors: 0 });
      expect(result.evidence).toMatchObject({ rowsDone: HOSTILE_TABLES.length * (18_000 + ROWS) });
      expect(await sidesAgree(world)).toBe(true);
    } finally {
      await world.destroy();
    }
  });
});

describe('AwaitCopy during a server restart', () => {
  it.each(['source', 'target'] as const)('continues after a restart and after a crash of the %s', async (side) => {
    const world = await published();
    try {
      const input = { excludeTables: [LOCKED] };
      await world.visit('CreatePublication', { input });
      await world.until('CreateSubscription', { input });
      await world.visit('CreatePublication');
      for (const shutdown of ['fast', 'crash'] as const) {
        const lock = await holdBack(world);
        expect(await world.visit('AwaitCopy')).toMatchObject({ verdict: 'pending' });
        await world.pair[side].restart({}, shutdown);
        await lock.end();
        await persist(world);
        await world.asSourceRole(hostileRows(shutdown === 'fast' ? 100_000 : 200_000, 100));
        await eventually(() => sidesAgree(world));
        // Once more, from the beginning of that table's copy.
        await world.visit('CreatePublication', { input });
        await world.until('CreateSubscription', { input });
        await world.target(`truncate ${LOCKED}`);
        await world.visit('CreatePublication');
      }
    } finally {
      await world.destroy();
    }
  });
});

describe('AwaitCopy with a copy that cannot end', () => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source: 17, target: 18, name: 'first' });
  });
  afterAll(() => base?.destroy());

  let siblings = 0;
  /** A world in which all is copied but one table, which the publication has just gained. */
  const gained = async (): Promise<World> => {
    siblings += 1;
    const world = await base.sibling(`Copy "${siblings}"`);
    await world.asSourceRole(`${hostileSchema()};${hostileRows(1, 10)}`);
    await world.asTargetRole(hostileTarget());
    const input = { excludeTables: [LOCKED] };
    await world.visit('CreateReplicationRole');
    await world.visit('CreatePublication', { input });
    await world.until('CreateSubscription', { input });
    await world.until('AwaitCopy');
    await world.visit('CreatePublication');
    return world;
  };

  /** The same, with that table's copy in flight for as long as the session lives. */
  const inFlight = async () => {
    const world = await gained();
    const lock = await holdBack(world);
    try {
      const first = await world.visit('AwaitCopy');
      await eventually(async () => (await tableStates(world)).includes('d'));
      return { world, lock, first };
    } catch (error) {
      await lock.end();
      throw error;
    }
  };

  it('waits for a lock at first, and names its holder when nothing moved for long', async () => {
    const { world, lock, first } = await inFlight();
    expect(first).toMatchObject({ verdict: 'pending', evidence: { tables: TABLES, ready: TABLES - 1 } });
    const onSource = await holdBack(world, 'source');
    try {
      await lock.end();
      const name = 'planetscale_migration:holder:lock';
      await eventually(async () => {
        const [waiting] = await world.source(
          `select count(*)::int as count from pg_stat_activity as a, unnest(pg_blocking_pids(a.pid)) as b (pid)
           join pg_stat_activity as h on h.pid = b.pid where a.usename = $1 and h.application_name = $2`,
          [REPLICATION_ROLE, name],
        );
        return waiting?.count === 1;
      });
      expect(await world.visit('AwaitCopy', { state: { AwaitCopy: first } })).toMatchObject({ verdict: 'pending' });
      const attempt = world.visit('AwaitCopy', { state: longAgo(first.evidence) });
      await expect(attempt).rejects.toThrow(CopyStalled);
      await expect(attempt).rejects.toThrow(name);
    } finally {
      await onSource.end();
    }
    await world.until('AwaitCopy');
  });

  it('names rows that were on the target before the copy', async () => {
    const { world, lock, first } = await inFlight();
    try {
      // By the session that holds the lock: no other could write meanwhile.
      await lock.script(`insert into ${LOCKED} (id) values (3); commit`);
    } finally {
      await lock.end();
    }
    const attempt = world.until('AwaitCopy', { state: { AwaitCopy: first } });
    await expect(attempt).rejects.toThrow(CopyStalled);
    await expect(attempt).rejects.toThrow('public.plain on the target held rows before the copy');
    await world.asTargetRole(`delete from ${LOCKED}`);
    await world.until('AwaitCopy');
  });

  it('reports a target that is not connected', async () => {
    const { world, lock, first } = await inFlight();
    await world.source(`alter role ${REPLICATION_ROLE} nologin`);
    try {
      await world.source(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${REPLICATION_ROLE}'`);
      await lock.end();
      await eventually(async () => {
        const name = subscriptionName(world.database.name);
        return (await world.source('select active from pg_replication_slots where slot_name = $1', [name]))[0]?.active === false;
      });
      const attempt = world.visit('AwaitCopy', { state: longAgo(first.evidence) });
      await expect(attempt).rejects.toThrow('the target is not connected to the source');
    } finally {
      await world.source(`alter role ${REPLICATION_ROLE} login`);
    }
    await world.until('AwaitCopy');
  });

  it('names a table that the role may not read, at the first visit', async () => {
    const world = await gained();
    await world.source(`revoke select on ${LOCKED} from ${REPLICATION_ROLE}`);
    const attempt = world.visit('AwaitCopy');
    await expect(attempt).rejects.toThrow(CopyStalled);
    await expect(attempt).rejects.toThrow('may not read public.plain');
    await world.visit('CreateReplicationRole');
    await world.until('AwaitCopy');
  });

  it('names a table whose policies would hide rows, at the first visit, unless the role is a member of the owner (#10)', async () => {
    const world = await gained();
    await world.source(`alter table ${LOCKED} enable row level security`);
    const attempt = world.visit('AwaitCopy');
    await expect(attempt).rejects.toThrow('row-level security hides rows of public.plain');
    expect(await world.target(`select from ${LOCKED}`)).toEqual([]);
    await world.source(`create role keeper; grant keeper to aurora_master, ${REPLICATION_ROLE}; alter table ${LOCKED} owner to keeper`);
    await world.visit('CreateReplicationRole');
    await world.until('AwaitCopy');
  });

  it('refuses to wait where the slot is gone', async () => {
    const world = await gained();
    const name = subscriptionName(world.database.name);
    await world.until('AwaitCopy');
    await world.target(`alter subscription ${name} disable`);
    await eventually(async () => {
      await world.source('select pg_drop_replication_slot($1)', [name]).catch(() => {});
      return (await world.source('select from pg_replication_slots where slot_name = $1', [name])).length === 0;
    });
    await expect(world.visit('AwaitCopy')).rejects.toThrow(ReplicationBroken);
  });
});
