import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TransientError } from '../../../lambdas/config/errors.ts';
import type { TableName } from '../../../lambdas/config/input.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import type { Database, Session } from '../../../lambdas/ports/database.ts';
import { orphanedCopies, recordedResyncs, resync } from '../../../lambdas/replication/resync.ts';
import { HOSTILE_TABLES, hostileRows } from '../../support/hostile.ts';
import { eventually, type SharedServers, sharedServers, sidesAgree, tableStates } from '../../support/replicated.ts';
import type { World } from '../../support/world.ts';

/** Two of the hostile tables, so that the others go on undisturbed. */
const ORPHANED = HOSTILE_TABLES.slice(0, 2);

/**
 * Takes the end of two copies back, as a crash of the target does that loses the commit: the tables wait for slots that are gone. What
 * was written in between has been passed over.
 */
async function orphan(world: World): Promise<{ name: string; orphaned: TableName[] }> {
  const name = subscriptionName(world.database.name);
  for (const { schema, table } of ORPHANED) {
    await world.target(
      `update pg_subscription_rel set srsubstate = 'f', srsublsn = null from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
       where c.oid = srrelid and n.nspname = $1 and c.relname = $2`,
      [schema, table],
    );
  }
  await world.asSourceRole(hostileRows(50_000, 50));
  const { source, target } = world.ports('test').looking;
  let orphaned: TableName[] = [];
  await eventually(async () => {
    orphaned = await orphanedCopies(source, target, name);
    return orphaned.length === ORPHANED.length;
  });
  return { name, orphaned };
}

/** A database whose connection breaks after `calls` statements. */
function breaking(database: Database, after: { calls: number }): Database {
  const broken = () => {
    if (after.calls <= 0) throw new TransientError('The connection broke, as the test wants it.');
    after.calls -= 1;
  };
  const session = <Kind extends Pick<Session, 'query'>>(inner: Kind): Kind => ({
    ...inner,
    query: async (statement) => {
      broken();
      return inner.query(statement);
    },
  });
  return {
    ...database,
    query: async (statement) => {
      broken();
      return database.query(statement);
    },
    transaction: (work) => database.transaction((inner) => work(session(inner))),
    session: async (tag) => session(await database.session(tag)),
  };
}

describe('a table whose copy lost its end', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ source: 15, target: 18 });
  });
  afterAll(() => servers?.destroy());

  it('is found by AwaitCopy and copied again, with every write since', async () => {
    const world = await servers.replicated();
    await orphan(world);
    await world.until('AwaitCopy');
    expect(new Set(await tableStates(world))).toEqual(new Set(['r']));
    await world.asSourceRole(hostileRows(60_000, 10));
    await eventually(() => sidesAgree(world));
    expect(await recordedResyncs(world.ports('test').looking.target)).toEqual([]);
  });

  it('is not reported where every copy has its slot or is over', async () => {
    const world = await servers.replicated();
    const { source, target } = world.ports('test').looking;
    expect(await orphanedCopies(source, target, subscriptionName(world.database.name))).toEqual([]);
  });

  it('is copied again after an interruption at any statement, also when Replicate begins anew', async () => {
    const world = await servers.replicated();
    let interrupted = 0;
    for (let calls = 0; ; calls += 1) {
      const { name, orphaned } = await orphan(world);
      const { source, target } = world.ports('test').acting;
      const after = { calls };
      const finished = await resync(breaking(source, after), breaking(target, after), name, orphaned, () => 60_000).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof TransientError)) throw error;
          return false;
        },
      );
      if (calls % 2 === 1) {
        await world.visit('CreatePublication');
        await world.until('CreateSubscription');
      }
      await world.until('AwaitCopy');
      await eventually(() => sidesAgree(world));
      await world.source(
        HOSTILE_TABLES.map(({ schema, table }) => `delete from "${schema.replaceAll('"', '""')}"."${table.replaceAll('"', '""')}"`).join(
          ';',
        ),
      );
      await eventually(() => sidesAgree(world));
      if (finished) break;
      interrupted += 1;
    }
    expect(interrupted).toBeGreaterThan(8);
  });
});
