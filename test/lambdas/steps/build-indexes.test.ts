import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { IndexBuildFailed } from '../../../lambdas/config/errors.ts';
import { DEFAULT_INPUT } from '../../../lambdas/config/input.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { schemaDifferences } from '../../../lambdas/schema/fingerprint.ts';
import { buildIndexes } from '../../../lambdas/steps/build-indexes.ts';
import { awkwardSchema } from '../../support/awkward-schema.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { startWorld, type VisitOptions, type World } from '../../support/world.ts';

/** A visit that leaves after three quarters of it: enough to start a statement even on a busy machine. */
const SHORT_MS = 3_000;

/** Indexes and constraints of the user with their state: what the step is for. */
const built = (world: World) =>
  world.target(`
    select c.relname::text as name, i.indisvalid as valid, null as key from pg_index i join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pg_|planetscale)'
    union all
    select conname, convalidated, contype from pg_constraint where contype in ('f', 'c', 'x') and connamespace <> to_regnamespace('planetscale_migration') and connamespace > 16383
    order by 1, 3
  `);

const statements = (world: World, condition: string) =>
  world.target(
    `select object, attempts, finished_at is not null as finished, code from planetscale_migration.post_data where ${condition} order by ordinal`,
  );

/** What is recorded of the target's schema, and when that was. */
const recorded = (world: World) =>
  world.target(`
    select b.object, s.recorded_at::text as at from planetscale_migration.schema_baseline_side s
    left join planetscale_migration.schema_baseline b using (side) where side = 'target' order by b.object
  `);

describe('BuildIndexes', () => {
  let world: World;
  let made = 0;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
  });
  afterAll(() => world?.destroy());

  /** Databases whose schema was copied, and nothing else. */
  const copied = async (schema: string, input: VisitOptions['input'] = {}): Promise<World> => {
    made += 1;
    const sibling = await world.sibling(`build ${made} "é"`);
    await sibling.asSourceRole(schema);
    await sibling.until('CopySchema', { input });
    return sibling;
  };

  /** Keeps writers' locks on a table of the target while `work` runs, so that every index build on it waits. */
  const whileWritten = async (on: World, table: string, work: () => Promise<void>): Promise<void> => {
    const writer = new pg.Client(clientConfig(on.database.target, 'test writer'));
    writer.on('error', () => {});
    await writer.connect();
    try {
      await writer.query(`begin; lock table ${table} in row exclusive mode`);
      await work();
    } finally {
      await writer.end();
    }
  };

  it('reports what it did, by kind', async () => {
    const shop = await copied(awkwardSchema(15));
    const { evidence } = await shop.until('BuildIndexes', { input: { indexWorkers: 8 } });
    expect(evidence).toMatchObject({ kinds: { index: { done: 10, running: 0, failed: 0, open: 0 }, refresh: { done: 2 } }, failures: [] });
    expect(await shop.target("select count(*)::int as n from pg_stat_activity where application_name like '%BuildIndexes%'")).toEqual([
      { n: 0 },
    ]);
    expect(await shop.target("select tgenabled::text as on from pg_trigger where tgname in ('always', 'off') order by tgname")).toEqual([
      { on: 'A' },
      { on: 'D' },
    ]);
  });

  it('leaves a long statement to the server at the end of a visit, and finds it at the next', async () => {
    const shop = await copied(
      'create table busy (id int primary key, a int); create index "i; long" on busy (a); create index other on busy (id, a)',
    );
    await whileWritten(shop, 'busy', async () => {
      const first = await shop.visit('BuildIndexes', { input: { indexWorkers: 1 }, budgetMs: SHORT_MS });
      // The builds wait for as long as the writer does, so to be here at all is to have left them.
      expect(first).toMatchObject({ verdict: 'pending', evidence: { kinds: { index: { running: 1, open: 1 }, analyze: { open: 1 } } } });
      const second = await shop.visit('BuildIndexes', { input: { indexWorkers: 1 }, budgetMs: SHORT_MS, state: { BuildIndexes: first } });
      expect(second).toMatchObject({ verdict: 'pending', evidence: { kinds: { index: { running: 1, open: 1 }, analyze: { open: 1 } } } });
      expect(await statements(shop, "kind = 'index'")).toEqual([
        { object: 'i; long', attempts: 1, finished: false, code: null },
        { object: 'other', attempts: 0, finished: false, code: null },
      ]);
    });
    await shop.until('BuildIndexes', { input: { indexWorkers: 1 } });
    expect(await statements(shop, "kind = 'index'")).toEqual([
      { object: 'i; long', attempts: 1, finished: true, code: null },
      { object: 'other', attempts: 1, finished: true, code: null },
    ]);
  });

  it('reports a statement that failed after the disconnect', async () => {
    const shop = await copied('create table busy (id int primary key, a int, constraint "twice; it" unique (a))');
    await shop.target('insert into busy values (1, 777777), (2, 777777)');
    await whileWritten(shop, 'busy', async () => {
      expect((await shop.visit('BuildIndexes', { budgetMs: SHORT_MS })).verdict).toBe('pending');
    });
    await expect(shop.until('BuildIndexes')).rejects.toThrow(/"busy": could not create unique index "twice; it" \(23505\)/);
    expect(await statements(shop, "kind = 'unique'")).toEqual([{ object: 'twice; it', attempts: 1, finished: false, code: '23505' }]);
  });

  it('restarts a statement that vanished with its server process, a limited number of times', async () => {
    const shop = await copied('create table busy (id int primary key, a int); create index lost on busy (a)');
    const kill = async () => {
      const victims = () =>
        shop.target(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%:BuildIndexes:%' and datname = current_database()`,
        );
      await expect.poll(async () => (await victims()).length).toBe(0);
    };
    await whileWritten(shop, 'busy', async () => {
      const startAndKill = async () => {
        const running = { kinds: { index: { running: 1 } } };
        await expect.poll(async () => (await shop.visit('BuildIndexes', { budgetMs: SHORT_MS })).evidence).toMatchObject(running);
        await kill();
      };
      await startAndKill();
      expect(await statements(shop, "kind = 'index'")).toMatchObject([{ attempts: 1 }]);
      await shop.target("update planetscale_migration.post_data set attempts = 4 where kind = 'index'");
      await startAndKill();
      expect(await statements(shop, "kind = 'index'")).toMatchObject([{ attempts: 5 }]);
    });
    await expect(shop.until('BuildIndexes')).rejects.toThrow('started 5 times, and vanished without an error each time');
    await shop.until('BuildIndexes', { execution: 'another' });
  });

  it('cuts the message that a function raises about a row, whatever its code, and logs it (#9.17)', async () => {
    const shop = await copied(`
      create table told (id int primary key, word text);
      create function guarded(text) returns text language plpgsql immutable as
        'begin if $1 like ''canary%'' then raise exception ''I saw %'', $1 using errcode = ''42501'', hint = $1; end if; return $1; end';
      create index guarded on told (guarded(word));
    `);
    await shop.target(`insert into told values (1, 'canary of a row')`);
    const error = (await shop.until('BuildIndexes').catch((failed: unknown) => failed)) as Error;
    expect(error).toBeInstanceOf(IndexBuildFailed);
    expect(error.message).toContain('index guarded on "public"."told": insufficient_privilege (42501) in function public.guarded(text)');
    expect(error.message).not.toContain('canary');
    const heard: unknown[] = [];
    const warn = (...said: unknown[]) => heard.push(said);
    const { looking } = shop.ports('BuildIndexes');
    const seen = await buildIndexes.inspect({
      ...looking,
      input: DEFAULT_INPUT,
      execution: 'test',
      log: { info: () => {}, warn },
    } as never);
    expect(JSON.stringify(buildIndexes.evidence(seen, seen))).not.toContain('canary');
    expect(heard).toMatchObject([
      ['What the server said', { code: INSUFFICIENT_PRIVILEGE, server: 'I saw canary of a row Hint: canary of a row' }],
    ]);
  });

  it('reports every failure with its remedy and no row, runs all other statements, and retries in the next execution', async () => {
    const shop = await copied(
      `
      create table parent (id int primary key);
      create table "Ch;ild" (id int primary key, parent int constraint "to ""parent""" references parent, code text,
        constraint "once; only" unique (code));
      create function plain(text) returns text language sql immutable as 'select upper($1)';
      create function "Relies; on"(text) returns text language plpgsql immutable as 'begin return plain($1); end';
      create index "by function" on "Ch;ild" ("Relies; on"(code));
      create index "by number" on "Ch;ild" ((code::int));
      create index fine on "Ch;ild" (parent);
      comment on index fine is 'fine';
    `,
      { searchPath: 'as-is' },
    );
    await shop.target(`set session_replication_role = replica; insert into "Ch;ild" values (1, 987654, 'canary'), (2, null, 'canary')`);
    const attempt = () => shop.until('BuildIndexes').catch((failed: unknown) => failed as Error);
    const error = (await attempt()) as Error;
    expect(error).toBeInstanceOf(IndexBuildFailed);
    expect(error.message).toMatch(/^4 statements failed; all others were carried out\./);
    expect(error.message).toContain('unique once; only on "public"."Ch;ild": could not create unique index "once; only" (23505)');
    expect(error.message).toContain('foreign key to "parent" on "public"."Ch;ild": insert or update on table "Ch;ild" violates');
    expect(error.message).toContain('Function public."Relies; on"(text) fails where search_path is empty');
    expect(error.message).toContain('index by number on "public"."Ch;ild": invalid_text_representation (22P02); its words may hold data');
    expect(error.message).not.toMatch(/canary|987654/);
    expect(await statements(shop, `object in ('fine', 'COMMENT INDEX "fine"', 'all tables')`)).toMatchObject([
      { finished: true },
      { finished: true },
      { finished: true },
    ]);
    const attempts = await statements(shop, 'true');
    expect(await attempt()).toMatchObject({ message: error.message });
    expect(await statements(shop, 'true')).toEqual(attempts);
    await shop.target(`update "Ch;ild" set code = id, parent = null; alter function "Relies; on"(text) set search_path = public`);
    await expect(shop.until('BuildIndexes')).rejects.toBeInstanceOf(IndexBuildFailed);
    const { evidence } = await shop.until('BuildIndexes', { execution: 'another' });
    expect(evidence).toMatchObject({ failures: [], kinds: { index: { done: 3, failed: 0 } } });
  });

  it('records the schema when everything is built, and never again', async () => {
    const shop = await copied('create table t (id int primary key, a int unique)');
    await shop.target('insert into t values (1, 1), (2, 1)');
    await expect(shop.until('BuildIndexes')).rejects.toBeInstanceOf(IndexBuildFailed);
    expect(await recorded(shop)).toEqual([]);
    await shop.target('delete from t where id = 2');
    await shop.until('BuildIndexes', { execution: 'another' });
    const record = await recorded(shop);
    expect(record.map(({ object }) => object)).toEqual([
      ...['column public.t.a', 'column public.t.id', 'constraint public.t.t_a_key', 'constraint public.t.t_pkey'],
      ...['index public.t_a_key', 'index public.t_pkey', 'table public.t'],
    ]);
    await shop.target('alter table t drop constraint t_a_key; create index surplus on t (a)');
    await shop.until('BuildIndexes', { execution: 'a third' });
    expect(await recorded(shop)).toEqual(record);
  });

  it('records an empty schema, and one whose record was interrupted', async () => {
    const empty = await copied('');
    await empty.until('BuildIndexes');
    expect(await recorded(empty)).toEqual([{ object: null, at: expect.any(String) }]);
    await empty.target("delete from planetscale_migration.schema_baseline_side where side = 'target'; create table t (a int)");
    await empty.until('BuildIndexes');
    expect((await recorded(empty)).map(({ object }) => object)).toEqual(['column public.t.a', 'table public.t']);
  });

  it('records nothing where an earlier version of this tool copied the schema', async () => {
    const shop = await copied('create table t (id int primary key, a int unique)');
    await shop.target('drop table planetscale_migration.schema_baseline, planetscale_migration.schema_baseline_side');
    await shop.until('BuildIndexes');
    await shop.until('BuildIndexes', { execution: 'another' });
    const { source, target } = shop.ports('CheckCutover').looking;
    expect(await schemaDifferences(source, target)).toEqual({
      source: [],
      target: [],
      alike: [],
      recorded: { source: false, target: false },
    });
  });

  it('continues without a statement that the operator removed from the list', async () => {
    const shop = await copied('create table t (id int primary key, a int unique)');
    await shop.target('insert into t values (1, 1), (2, 1)');
    const error = (await shop.until('BuildIndexes').catch((failed: unknown) => failed)) as Error;
    const [strike] = /delete from .*\)(?=\.$)/.exec(error.message) ?? [];
    await shop.asTargetRole(strike ?? '');
    await shop.until('BuildIndexes');
  });

  it('follows the catalog: rebuilds what is invalid or gone, and keeps what was built by hand', async () => {
    const shop = await copied(`
      create table t (id int primary key, a int, b int, c int);
      create unique index broken on t (a); create index gone on t (b); create index "by hand" on t (c);
      create policy mine on t using (true);
    `);
    await shop.target('insert into t values (1, 1), (2, 1)');
    await expect(shop.asTargetRole('create unique index concurrently broken on t (a)')).rejects.toThrow('could not create');
    await shop.target('delete from t where id = 2');
    await shop.asTargetRole('create index "by hand" on t (c); create policy mine on t using (true)');
    const [before] = await shop.target(`select '"by hand"'::regclass::oid::text as oid`);
    await shop.until('BuildIndexes');
    expect(await shop.target(`select '"by hand"'::regclass::oid::text as oid`)).toEqual([before]);
    await shop.asTargetRole('drop index gone');
    await shop.until('BuildIndexes', { execution: 'another' });
    expect(await built(shop)).toEqual(['broken', 'by hand', 'gone', 't_pkey'].map((name) => ({ name, valid: true, key: null })));
  });

  it('refuses to begin where nothing was copied', async () => {
    const empty = await world.sibling('nothing copied');
    await expect(empty.until('BuildIndexes')).rejects.toBeInstanceOf(IndexBuildFailed);
  });

  describeLifecycle('BuildIndexes', {
    world: () => copied(awkwardSchema(15)),
    effect: built,
    input: { indexWorkers: 3 },
  });
});
