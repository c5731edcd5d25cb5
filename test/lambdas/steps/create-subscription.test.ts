import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { CannotConnect, CopyStalled, ReplicationBroken } from '../../../lambdas/config/errors.ts';
import { applicationName, PUBLICATION, subscriptionName } from '../../../lambdas/config/names.ts';
import { qualified } from '../../../lambdas/postgres/quote.ts';
import { lockHeartbeats, writeHeartbeat } from '../../../lambdas/state/heartbeat.sql.ts';
import { holdForward } from '../../support/held.ts';
import { HOSTILE_TABLES, hostileRows, hostileSchema, hostileTarget } from '../../support/hostile.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually, published, replicated, type SharedServers, sharedServers, sidesAgree, tableStates } from '../../support/replicated.ts';
import { startWorld, type World } from '../../support/world.ts';

const slots = (world: World) =>
  world.source(`select slot_name, plugin from pg_replication_slots where slot_name !~ '^pg_' and database = current_database() order by 1`);
const subscribed = async (world: World) => ({
  slots: await slots(world),
  subscriptions: await world.target(
    `select subname, subslotname, subenabled, subdisableonerr, subpasswordrequired from pg_subscription where subname = $1`,
    [subscriptionName(world.database.name)],
  ),
  tables: await world.target('select srrelid::regclass::text as "table" from pg_subscription_rel order by 1'),
});

/** A marker, as AwaitConvergence writes it. */
const heartbeat = (world: World, token: string) =>
  world.ports('test').acting.source.transaction(async (session) => {
    await session.query(lockHeartbeats());
    await session.query(writeHeartbeat(token));
  });

const inWorld = async (make: () => Promise<World>, test: (world: World, name: string) => Promise<void>) => {
  const world = await make();
  try {
    await test(world, subscriptionName(world.database.name));
  } finally {
    await world.destroy();
  }
};

/** Takes the subscription's worker off the slot, so that the slot may be dropped. */
const pause = async (world: World, name: string) => {
  await world.target(`alter subscription ${name} disable`);
  await eventually(
    async () => (await world.source('select active from pg_replication_slots where slot_name = $1', [name]))[0]?.active === false,
  );
};

describe('CreateSubscription', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ source: 15, target: 18 });
  });
  afterAll(() => servers?.destroy());

  describeLifecycle('CreateSubscription', { world: () => servers.published(), effect: subscribed });
});

describe.each([
  [11, 17, { binary: false, streaming: 'off' }],
  [13, 18, { binary: false, streaming: 'off' }],
  [17, 18, { binary: true, streaming: 'parallel' }],
] as const)('CreateSubscription from %i to %i', (source, target, stream) => {
  it('copies the rows and streams later changes', () =>
    inWorld(
      () => replicated({ source, target }),
      async (world) => {
        expect((await world.visit('CreateSubscription')).evidence).toMatchObject({ enabled: true, ...stream });
        await world.asSourceRole(hostileRows(100_000, 500));
        await world.asSourceRole(`update public.plain set "Some Text" = null where id < 100; delete from public.plain where id > 1900`);
        await eventually(() => sidesAgree(world));
      },
    ));
});

describe('CreateSubscription that was interrupted', () => {
  const ends = async (world: World) => {
    await world.until('CreateSubscription');
    await eventually(async () => {
      const states = await tableStates(world);
      return states.length === HOSTILE_TABLES.length + 1 && states.every((state) => state === 'r');
    });
    await eventually(() => sidesAgree(world));
  };

  it('continues after an interruption at any statement', () =>
    inWorld(published, async (world, name) => {
      // A slot that an earlier run left behind, without its incarnation.
      await world.source('select pg_create_logical_replication_slot($1, $2)', [name, 'pgoutput']);
      await world.asSourceRole(hostileRows(5_000, 10));
      await ends(world);

      // Not enabled yet, or disabled for a switch.
      await holdForward(world);
      await ends(world);

      // Confirming what is not stored yet, as earlier versions of ours have made it.
      await world.target(`alter subscription ${name} set (synchronous_commit = off)`);
      await ends(world);
      expect(await world.target('select subsynccommit from pg_subscription where subname = $1', [name])).toEqual([{ subsynccommit: 'on' }]);

      // A subscription that does not know a table.
      await world.source(`alter publication ${PUBLICATION} drop table public.plain`);
      await world.asTargetRole(`alter subscription ${name} refresh publication`);
      await world.source(`alter publication ${PUBLICATION} add table only public.plain`);
      await world.target('truncate public.plain');
      await ends(world);

      // A subscription without a slot that has copied nothing.
      await pause(world, name);
      await world.target(`alter subscription ${name} set (slot_name = none); drop subscription ${name}`);
      await world.target(HOSTILE_TABLES.map(({ schema, table }) => `truncate ${qualified(schema, table)}`).join(';'));
      await world.target('truncate planetscale_migration.heartbeat');
      await world.source('select pg_drop_replication_slot($1)', [name]);
      await world.asTargetRole(
        `create subscription ${name} connection 'host=nowhere password=x' publication ${PUBLICATION} with (connect = false)`,
      );
      await ends(world);
    }));

  it('says for which transactions a new slot waits, and continues when they have ended', () =>
    inWorld(published, async (world, name) => {
      const writer = await world.ports('busy').acting.source.session('writer');
      await writer.script('begin; insert into public.plain (id) values (-1)');
      const waiting = await world.visit('CreateSubscription', { budgetMs: 1_000 });
      expect(waiting).toMatchObject({ verdict: 'pending', evidence: { slot: null } });
      expect(waiting.evidence).toMatchObject({ slotWaitsForTransactions: [{ application: 'planetscale_migration:busy:writer' }] });
      expect(await slots(world)).toEqual([]);
      await writer.script('commit');
      await writer.end();
      await world.until('CreateSubscription');
      expect(await slots(world)).toEqual([{ slot_name: name, plugin: 'pgoutput' }]);
    }));

  it('waits while an abandoned visit still creates the slot', () =>
    inWorld(published, async (world, name) => {
      const writer = await world.ports('busy').acting.source.session('writer');
      await writer.script('begin; insert into public.plain (id) values (-1)');
      const abandoned = await world.ports('CreateSubscription').acting.source.session('slot');
      const making = abandoned.script(`select pg_create_logical_replication_slot('${name}', 'pgoutput')`).catch(() => {});
      await eventually(async () => (await slots(world)).length === 1);
      abandoned.leave();
      await making;
      expect(await world.visit('CreateSubscription')).toMatchObject({ verdict: 'pending' });
      await writer.script('commit');
      await writer.end();
      await world.until('CreateSubscription');
      await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
    }));

  it('waits while a session of ours holds the slot, and refuses one held by another session', () =>
    inWorld(published, async (world, name) => {
      await world.asSourceRole(`select pg_create_logical_replication_slot('${name}', 'pgoutput')`);
      await world.asSourceRole('grant rds_replication to aurora_master');
      const heldBy = async (application: string): Promise<pg.Client> => {
        const client = new pg.Client({ ...clientConfig(world.places.source, application), replication: 'database' } as pg.ClientConfig);
        client.on('error', () => {});
        await client.connect();
        void client
          .query(`START_REPLICATION SLOT "${name}" LOGICAL 0/0 (proto_version '1', publication_names '${PUBLICATION}')`)
          .catch(() => {}); // hung up on
        await holds(true);
        return client;
      };
      const holds = (active: boolean) =>
        eventually(
          async () => (await world.source('select active from pg_replication_slots where slot_name = $1', [name]))[0]?.active === active,
        );
      const ours = await heldBy(applicationName('CreateSubscription', 'slot'));
      expect(await world.visit('CreateSubscription')).toMatchObject({ verdict: 'pending' });
      ours.connection.stream.destroy();
      await holds(false);
      const theirs = await heldBy('another application');
      await expect(world.visit('CreateSubscription')).rejects.toThrow(ReplicationBroken);
      theirs.connection.stream.destroy();
      await holds(false);
      await world.until('CreateSubscription');
      expect(await slots(world)).toEqual([{ slot_name: name, plugin: 'pgoutput' }]);
    }));
});

describe('CreateSubscription on one pair of servers', () => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source: 17, target: 17, name: 'first' });
  });
  afterAll(() => base?.destroy());

  let siblings = 0;
  const published = async (sourceSchema = hostileSchema(), targetSchema = hostileTarget()): Promise<World> => {
    siblings += 1;
    const world = await base.sibling(`Sibling "${siblings}"`);
    await world.asSourceRole(sourceSchema);
    await world.asTargetRole(targetSchema);
    await world.visit('CreateReplicationRole');
    await world.visit('CreatePublication');
    return world;
  };

  it('follows a rotated password', async () => {
    const world = await published();
    await world.until('CreateSubscription');
    const [before] = await world.target(`select subconninfo from pg_subscription where subname = $1`, [
      subscriptionName(world.database.name),
    ]);
    Object.assign(world.places, { replication: { ...world.places.replication, password: async () => `rotated '"\\ canary` } });
    await world.visit('CreateReplicationRole');
    const result = await world.until('CreateSubscription');
    const [after] = await world.target(`select subconninfo from pg_subscription where subname = $1`, [
      subscriptionName(world.database.name),
    ]);
    expect(after).not.toEqual(before);
    expect(JSON.stringify(result)).not.toContain('canary');
    await world.asSourceRole(hostileRows(1, 10));
    await eventually(() => sidesAgree(world));
  });

  it('follows changed exclusions', async () => {
    const world = await published();
    await world.until('CreateSubscription');
    const input = { excludeSchemas: ['Mixed Case'] };
    await world.visit('CreatePublication', { input });
    await world.until('CreateSubscription', { input });
    expect(await tableStates(world)).toHaveLength(HOSTILE_TABLES.length - 2 + 1);
    await world.visit('CreatePublication');
    await world.until('CreateSubscription');
    expect(await tableStates(world)).toHaveLength(HOSTILE_TABLES.length + 1);
  });

  it('does not copy into a table that holds rows already', async () => {
    const world = await published(`${hostileSchema()};${hostileRows(1, 5)}`);
    await world.asTargetRole(`insert into public.plain (id) values (77)`);
    const attempt = world.until('CreateSubscription');
    await expect(attempt).rejects.toThrow(CopyStalled);
    await expect(attempt).rejects.toThrow('public.plain');
    await world.asTargetRole('truncate public.plain');
    await world.until('CreateSubscription');
    await eventually(() => sidesAgree(world));
  });

  it("reports that the source refuses the target's connection", async () => {
    const world = await published();
    await world.source('alter role planetscale_migration_replication nologin');
    try {
      const attempt = world.until('CreateSubscription');
      await expect(attempt).rejects.toThrow('not permitted to log in');
      await expect(attempt).rejects.toThrow(CannotConnect);
    } finally {
      await world.source('alter role planetscale_migration_replication login');
    }
  });

  it('does not touch a slot of another owner', async () => {
    const world = await published();
    await world
      .source('select pg_create_logical_replication_slot($1, $2)', [subscriptionName(world.database.name), 'test_decoding'])
      .catch(() => {});
    await world.source('select pg_create_physical_replication_slot($1)', [subscriptionName(world.database.name)]).catch(() => {});
    await expect(world.visit('CreateSubscription')).rejects.toThrow(ReplicationBroken);
    expect(await world.target(`select 1 from pg_subscription where subname = $1`, [subscriptionName(world.database.name)])).toEqual([]);
  });

  it.each([
    [
      'int, text[], jsonb, an enum, a domain, a range and a composite',
      'a int, b text[], c jsonb, d "kind of", e "positive", f int4range, g "pair"',
      true,
    ],
    ['regclass, which names a thing by its number', 'a regclass', false],
    ['an array of a composite with regtype inside', 'a "holder"[]', false],
  ])('decides on binary for %s', async (_, columns, binary) => {
    const types = `create type "kind of" as enum ('x', 'y'); create domain "positive" as int check (value > 0);
create type "pair" as (a "kind of", b "positive"); create type "holder" as (a int, b regtype)`;
    const schema = `${types}; ${hostileSchema()}; create table public.typed (id int primary key, ${columns})`;
    const world = await published(schema, `${schema}; ${hostileTarget().slice(hostileSchema().length + 1)}`);
    expect(await world.until('CreateSubscription')).toMatchObject({ evidence: { binary } });
    if (binary) {
      await world.asSourceRole(
        `insert into public.typed values (1, 1, '{a,NULL,"b c"}', '{"a": [1, null]}', 'y', 5, '[1,9)', row('x', 3)), (2, null, null, null, null, null, null, null)`,
      );
      const rows = 'select t::text from public.typed as t order by id';
      await eventually(async () => (await world.target(rows)).length === 2);
      expect(await world.target(rows)).toEqual(await world.source(rows));
    }
  });
});

describe('CreateSubscription and the continuity of the slot', () => {
  let servers: SharedServers;
  beforeAll(async () => {
    servers = await sharedServers({ source: 15, target: 17 });
  });
  afterAll(() => servers?.destroy());
  const replicated = () => servers.replicated();

  /** What a person might do to get rid of a slot that holds WAL back, and then to mend it. */
  const remake = async (world: World, name: string, meanwhile: () => Promise<unknown>) => {
    await pause(world, name);
    await world.source('select pg_drop_replication_slot($1)', [name]);
    await meanwhile();
    await world.source('select pg_create_logical_replication_slot($1, $2)', [name, 'pgoutput']);
    await world.target(`alter subscription ${name} enable`);
  };

  it('finds a slot that was dropped and made again while rows were written', () =>
    inWorld(replicated, async (world, name) => {
      await heartbeat(world, 'before');
      await eventually(async () => (await world.target('select from planetscale_migration.heartbeat')).length === 1);
      await remake(world, name, async () => {
        await world.asSourceRole(hostileRows(50_000, 100));
        await heartbeat(world, 'lost');
      });
      await heartbeat(world, 'after');
      await eventually(async () => (await world.target('select from planetscale_migration.heartbeat')).length === 2);
      expect(await sidesAgree(world)).toBe(false);
      const attempt = world.visit('CreateSubscription');
      await expect(attempt).rejects.toThrow(ReplicationBroken);
      await expect(attempt).rejects.toThrow('1 of 3 markers');
      await expect(attempt).rejects.toThrow('Start Cleanup');
    }));

  it.each<[string, string, (world: World, name: string) => Promise<unknown>]>([
    [
      'a slot that is gone',
      'gone from the source',
      async (world, name) => {
        await pause(world, name);
        await world.source('select pg_drop_replication_slot($1)', [name]);
      },
    ],
    [
      'a publication that was made anew',
      'The publication was dropped or made anew',
      async (world) => {
        await world.source(`drop publication ${PUBLICATION}`);
        await world.visit('CreatePublication');
      },
    ],
    ['a record that is gone', 'not the one', (world) => world.source('delete from planetscale_migration.slot_birth')],
    ['a subscription without our note', 'not the one', (world, name) => world.target(`comment on subscription ${name} is 'mine'`)],
    [
      'a subscription that was taken off its slot',
      'taken off',
      async (world, name) => {
        await pause(world, name);
        await world.target(`alter subscription ${name} set (slot_name = none)`);
      },
    ],
    [
      'WAL that the source has thrown away',
      'thrown away WAL',
      async (world, name) => {
        await pause(world, name);
        await world.source(`alter system set max_slot_wal_keep_size = '1MB'`);
        await world.source('select pg_reload_conf()');
        await eventually(async () => {
          await world.source('create table public.filler as select generate_series(1, 100000)');
          await world.source('drop table public.filler');
          await world.source('select pg_switch_wal()');
          await world.source('checkpoint');
          const [slot] = await world.source('select wal_status from pg_replication_slots where slot_name = $1', [name]);
          return slot?.wal_status === 'lost';
        });
      },
    ],
  ])('refuses %s', (_, words, breakIt) =>
    inWorld(replicated, async (world, name) => {
      await breakIt(world, name);
      const attempt = world.visit('CreateSubscription');
      await expect(attempt).rejects.toThrow(ReplicationBroken);
      await expect(attempt).rejects.toThrow(words);
      expect(await world.target('select subname from pg_subscription where subname = $1', [name])).toEqual([{ subname: name }]);
    }),
  );
});
