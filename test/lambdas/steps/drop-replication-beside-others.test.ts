import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlreadyRunning, CleanupIncomplete } from '../../../lambdas/config/errors.ts';
import { REPLICATION_ROLE, subscriptionName } from '../../../lambdas/config/names.ts';
import type { AnyStep } from '../../../lambdas/engine/step.ts';
import type { Database, Statement } from '../../../lambdas/ports/database.ts';
import { subscribers } from '../../../lambdas/state/subscribers.sql.ts';
import { stepNamed } from '../../../lambdas/steps/index.ts';
import { catalogsOf } from '../../support/catalogs.ts';
import { bothSides, copied, migrate, NOTHING, ofOurs, ROWS } from '../../support/cleaned.ts';
import { hostileRows } from '../../support/hostile.ts';
import { eventually } from '../../support/replicated.ts';
import { runningBeside, startWorld, type World } from '../../support/world.ts';

describe('DropReplication beside objects of others', () => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source: 17, target: 18, schema: ROWS });
  });
  afterAll(() => base?.destroy());

  let siblings = 0;
  const sibling = (): Promise<World> => {
    siblings += 1;
    return base.sibling(`Beside "${siblings}"`);
  };

  it('touches no slot, publication or subscription that is not ours', async () => {
    const world = await sibling();
    await world.asSourceRole(`create publication theirs for table public.plain`);
    await world.source(`select pg_create_logical_replication_slot('theirs_${siblings}', 'pgoutput')`);
    await world.source(`select pg_create_logical_replication_slot('pg_99_sync_16400_1', 'pgoutput')`);
    await world.target(`create subscription theirs connection 'host=nowhere' publication theirs with (connect = false)`);
    const before = await bothSides(world);
    await migrate(world);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await bothSides(world)).toEqual(before);
    await world.target('alter subscription theirs set (slot_name = none); drop subscription theirs');
  });

  it('does not touch a slot of our name that decodes another database', async () => {
    const world = await sibling();
    const name = subscriptionName(world.database.name);
    await world.source(`select pg_create_logical_replication_slot($1, 'test_decoding')`, [name]).catch(() => {});
    await world.source(`select pg_create_physical_replication_slot($1)`, [name]).catch(() => {});
    await world.until('DropReplication');
    expect(await world.source('select slot_name from pg_replication_slots where slot_name = $1', [name])).toHaveLength(1);
    await world.source('select pg_drop_replication_slot($1)', [name]);
  });

  it('leaves the role to the migration of another database, and reports that', async () => {
    const [one, other] = [await sibling(), await sibling()];
    const before = await catalogsOf(one.source);
    await migrate(one);
    await migrate(other);
    const done = await one.until('DropReplication');
    expect(done.evidence).toMatchObject({ source: { role: true, roleIsUsedBy: [`database ${other.database.name}`] } });
    const after = await catalogsOf(one.source);
    for (const subject of ['rights', 'defaultRights', 'schemas', 'publications'] as const) expect(after[subject]).toEqual(before[subject]);
    // The other one goes on.
    await other.asSourceRole(hostileRows(1_000, 5));
    await eventually(async () => (await other.target('select from public.plain where id >= 1000')).length === 5);
    await other.until('DropReplication');
    expect(await other.source('select from pg_roles where rolname = $1', [REPLICATION_ROLE])).toEqual([]);
  });

  it('continues where a concurrent Cleanup has just dropped what it is about to read', async () => {
    const world = await sibling();
    await migrate(world);
    await copied(world);
    const step = stepNamed('DropReplication');
    let dropped = false;
    const overtaken: AnyStep = {
      ...step,
      act(ctx, seen) {
        const source: Database = Object.assign(Object.create(ctx.source), {
          async query(asked: Statement) {
            if (!dropped && asked.text === subscribers().text) {
              dropped = true;
              await world.source('drop schema planetscale_migration cascade');
            }
            return ctx.source.query(asked);
          },
        });
        return step.act?.({ ...ctx, source }, seen) ?? Promise.resolve();
      },
    };
    // The visit's second inspection finds all of it gone, or some of it left for the next visit.
    expect(['pending', 'done']).toContain((await world.run('DropReplication', overtaken)).verdict);
    expect(dropped).toBe(true);
    await world.until('DropReplication');
    expect(await ofOurs(world)).toEqual(NOTHING);
  });

  it('cancels statements that earlier visits have left to the servers', async () => {
    const world = await sibling();
    await migrate(world);
    const abandoned = world.ports('BuildIndexes').acting;
    for (const [side, table] of [
      ['source', 'heartbeat'],
      ['target', 'post_data'],
    ] as const) {
      const session = await abandoned[side].session('1');
      await session.script(`begin; lock table planetscale_migration.${table} in share mode`);
      const sleeping = session.script('select pg_sleep(3600)').catch(() => {});
      session.leave();
      await sleeping;
    }
    await world.until('DropReplication');
    expect(await ofOurs(world)).toMatchObject({ slots: [], publications: [], subscriptions: [], schemas: [] });
  });

  it('drops the slots of table copies under way, while the target still reads', async () => {
    const world = await sibling();
    await migrate(world, ['CreateReplicationRole', 'CopySchema', 'CreatePublication']);
    // A copy that cannot end, because a trigger waits for a lock: its worker keeps a slot of its own.
    const blocker = await world.ports('blocker').acting.target.session('lock');
    await blocker.script('select pg_advisory_lock(42)');
    await world.asTargetRole(`create function public.wait() returns trigger language plpgsql as
'begin perform pg_advisory_lock_shared(42); return new; end';
create trigger wait before insert on public.plain for each row execute function public.wait();
alter table public.plain enable always trigger wait`);
    await world.until('CreateSubscription');
    await eventually(
      async () => (await world.source(`select from pg_replication_slots where slot_name like 'pg\\_%\\_sync\\_%'`)).length > 0,
    );
    await world.until('DropReplication');
    expect(await ofOurs(world)).toMatchObject({ slots: [], subscriptions: [] });
    await blocker.end();
  });

  it('refuses to drop copied objects together with dependents of others, and changes nothing', async () => {
    const world = await sibling();
    await migrate(world);
    await copied(world);
    await world.asTargetRole(
      `create view public."their view" as select * from public.plain; create table "Mixed Case".theirs (id int);
create table public."not in the way" (id int)`,
    );
    const before = await bothSides(world);
    const attempt = world.until('DropReplication', { input: { target: 'drop' } });
    await expect(attempt).rejects.toThrow(CleanupIncomplete);
    await expect(attempt).rejects.toThrow(/table "Mixed Case"\.theirs, view.*their view.*Nothing was changed/);
    await expect(attempt).rejects.not.toThrow('not in the way');
    expect(await bothSides(world)).toEqual(before);
    await world.asTargetRole(`drop view public."their view"; drop table "Mixed Case".theirs`);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await world.target(`select relname from pg_class where relname in ('plain', 'not in the way')`)).toEqual([
      { relname: 'not in the way' },
    ]);
  });

  it('leaves a target that follows another source', async () => {
    const [world, other] = [await sibling(), await sibling()];
    await migrate(world);
    await migrate(other, ['CreateReplicationRole', 'CreatePublication']);
    Object.assign(other.places, { target: world.places.target });
    const before = await catalogsOf(world.target);
    const attempt = other.until('DropReplication', { input: { target: 'drop' } });
    await expect(attempt).rejects.toThrow(CleanupIncomplete);
    await expect(attempt).rejects.toThrow(`its database ${world.database.name}`);
    expect(await catalogsOf(world.target)).toEqual(before);
    expect(await other.source('select pubname from pg_publication')).toEqual([]);
    await world.until('DropReplication');
  });

  it('steps aside for an older execution before it touches anything', async () => {
    const world = await sibling();
    await migrate(world, ['CreateReplicationRole', 'CopySchema', 'CreatePublication']);
    const before = await bothSides(world);
    Object.assign(world.places, { executions: runningBeside('first of Replicate') });
    await expect(world.visit('DropReplication')).rejects.toThrow(AlreadyRunning);
    expect(await bothSides(world)).toEqual(before);
  });
});
