import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotReady, TransientError } from '../../../lambdas/config/errors.ts';
import { IDENTITIES } from '../../support/keyless.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

const INPUT = { replicaIdentity: 'full' };
const SCHEMA = `
create table public."Key less" (v int, note text);
create table public.indexed ("system_user" int not null, note text);
create unique index "its ""index""" on public.indexed ("system_user");
create table public.nothing (id int primary key);
alter table public.nothing replica identity nothing;
create table public.keyed (id int primary key);
insert into public."Key less" values (1, 'one'), (2, 'two')`;
const BEFORE = [
  { name: 'public."Key less"', identity: 'd', index: null },
  { name: 'public.indexed', identity: 'd', index: null },
  { name: 'public.keyed', identity: 'd', index: null },
  { name: 'public.nothing', identity: 'n', index: null },
];
const SET = [
  { name: 'public."Key less"', identity: 'f', index: null },
  { name: 'public.indexed', identity: 'i', index: 'its "index"' },
  { name: 'public.keyed', identity: 'd', index: null },
  { name: 'public.nothing', identity: 'd', index: null },
];

describe('SetReplicaIdentity (#11)', () => {
  let base: World;
  let siblings = 0;
  beforeAll(async () => {
    base = await startWorld({ source: 13, schema: SCHEMA });
  });
  afterAll(() => base?.destroy());

  const world = () => {
    siblings += 1;
    return base.sibling(`Keys "${siblings}"`);
  };
  describeLifecycle('SetReplicaIdentity', { world, input: INPUT, effect: (one) => one.source(IDENTITIES) });

  it('does nothing without consent', async () => {
    const one = await world();
    expect(await one.visit('SetReplicaIdentity')).toMatchObject({ verdict: 'done', evidence: { set: 0 } });
    expect(await one.source(IDENTITIES)).toEqual(BEFORE);
    expect(await one.source(`select from pg_namespace where nspname = 'planetscale_migration'`)).toEqual([]);
  });

  it('leaves those of the target to the list of a copy in parts as long as its keys wait', async () => {
    const one = await world();
    await one.until('SetReplicaIdentity', { input: INPUT });
    await one.until('CopySchema', { input: { ...INPUT, copy: 'parts' } });
    const waiting = await one.target(IDENTITIES);
    expect(waiting).toContainEqual({ name: 'public.indexed', identity: 'd', index: null });
    expect(await one.visit('SetReplicaIdentity', { input: INPUT })).toMatchObject({ verdict: 'done', evidence: { leftOnTarget: 0 } });
    expect(await one.target(IDENTITIES)).toEqual(waiting);
    await one.until('BuildKeys', { input: { ...INPUT, copy: 'parts' } });
    expect(await one.target(IDENTITIES)).toEqual(SET);
    await one.asTargetRole('alter table public.indexed replica identity default');
    await one.until('SetReplicaIdentity', { input: INPUT });
    expect(await one.target(IDENTITIES)).toEqual(SET);
  });

  it('waits for a locked table while it sets the others, names the holder, and queues others for a second at most', async () => {
    const one = await world();
    const holder = await one.ports('test').acting.source.session('holder');
    await holder.script('begin; lock table public."Key less" in row exclusive mode');
    const waiting = one.visit('SetReplicaIdentity', { input: INPUT }).catch((thrown: unknown) => thrown);
    await eventually(async () => (await one.source(`select from pg_locks where mode = 'AccessExclusiveLock' and not granted`)).length > 0);
    expect(await one.source('select count(*)::int from public."Key less"')).toEqual([{ count: 2 }]);
    const error = (await waiting) as Error;
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(
      /of 1 tables of the source .* within a second: public\."Key less"\. Sessions .* now: pid \d+ of .*:holder\), for \d+ s\./,
    );
    expect(await one.source(IDENTITIES)).toEqual([BEFORE[0], ...SET.slice(1)]);
    await holder.end();
    await one.until('SetReplicaIdentity', { input: INPUT });
    expect(await one.source(IDENTITIES)).toEqual(SET);
  });

  it('leaves no lock and no partial work when it is abandoned while it waits', async () => {
    const one = await world();
    const holder = await one.ports('test').acting.source.session('holder');
    await holder.script('begin; lock table public."Key less" in row exclusive mode');
    const ports = one.ports('SetReplicaIdentity');
    const abandoned = one.visit('SetReplicaIdentity', { input: INPUT }).catch(() => {});
    await eventually(async () => (await one.source(`select from pg_locks where mode = 'AccessExclusiveLock' and not granted`)).length > 0);
    await one.source(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'planetscale_migration:SetReplicaIdentity'`,
    );
    await abandoned;
    await ports.close();
    await holder.end();
    await one.until('SetReplicaIdentity', { input: INPUT });
    expect(await one.source(IDENTITIES)).toEqual(SET);
    expect(
      await one.source('select relation::regclass::text as name, was from planetscale_migration.replica_identity order by 1'),
    ).toHaveLength(3);
  });

  it('refuses a table that no index helps, and a table of another owner, and changes neither', async () => {
    const one = await world();
    await one.source(`create role stranger_${siblings}; create table public.doc (v int, doc json);
      create table public.strange (v int); alter table public.strange owner to stranger_${siblings}`);
    await one.source(`alter table public.doc owner to "${one.database.source.user}"`);
    const error = (await one.visit('SetReplicaIdentity', { input: INPUT }).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(NotReady);
    expect(error.message).toContain('source: public.doc (owner');
    expect(error.message).toContain(`source: public.strange (owner stranger_${siblings})`);
    expect((await one.source(IDENTITIES)).filter(({ identity }) => identity === 'f' || identity === 'i')).toEqual([]);
  });
});

describe.each(versions([11, 18] as const, [15, 17] as const, [18, 18] as const))(
  'replica identities from %i to %i (#11)',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target, schema: SCHEMA });
      for (const step of ['CreateReplicationRole', 'SetReplicaIdentity', 'CopySchema', 'CreatePublication'] as const) {
        await world.until(step, { input: INPUT });
      }
    });
    afterAll(() => world?.destroy());

    it('are copied to the target with their index, on columns whose names became functions too, before changes are applied', async () => {
      expect(await world.target(IDENTITIES)).toEqual(SET);
      await world.until('CreateSubscription');
    });

    it('of a table added later are set on both sides, with an index that only the source has', async () => {
      await world.asSourceRole(
        'create table public.added (v int not null); create table public.keyed_late ("system_user" int not null, constraint "Late" unique ("system_user"))',
      );
      await world.asTargetRole('create table public.added (v int); create table public.keyed_late ("system_user" int not null)');
      await world.until('SetReplicaIdentity', { input: INPUT });
      for (const side of [world.source, world.target]) {
        expect(await side(IDENTITIES)).toEqual(
          [...SET, { name: 'public.added', identity: 'f', index: null }, { name: 'public.keyed_late', identity: 'i', index: 'Late' }].sort(
            (one, other) => (one.name < other.name ? -1 : 1),
          ),
        );
      }
    });

    it('are restored at Cleanup on both sides, but for those changed since and those gone, which are named', async () => {
      await world.asSourceRole('alter table public.indexed replica identity full; drop table public.added');
      await world.asTargetRole('drop table public.added');
      const { evidence } = await world.until('DropReplication');
      expect(await world.source(IDENTITIES)).toEqual([
        BEFORE[0],
        { name: 'public.indexed', identity: 'f', index: null },
        BEFORE[2],
        { name: 'public.keyed_late', identity: 'd', index: null },
        BEFORE[3],
      ]);
      expect(await world.target(IDENTITIES)).toEqual([
        ...BEFORE.slice(0, 3),
        { name: 'public.keyed_late', identity: 'd', index: null },
        BEFORE[3],
      ]);
      expect(evidence).toMatchObject({
        source: {
          replicaIdentitiesLeftAlone: ['public.indexed: another session has changed it since; before the migration it was default'],
        },
      });
      expect(evidence).not.toHaveProperty('target.replicaIdentitiesLeftAlone');
    });
  },
);
