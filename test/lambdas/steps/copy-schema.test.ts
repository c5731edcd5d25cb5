import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgDump } from '../../../lambdas/adapters/pg-dump/pg-dump.ts';
import { SchemaCopyFailed } from '../../../lambdas/config/errors.ts';
import type { Json } from '../../../lambdas/config/json.ts';
import type { Acting } from '../../../lambdas/engine/contract.ts';
import type { AnyStep } from '../../../lambdas/engine/step.ts';
import { inWords } from '../../../lambdas/schema/differences.ts';
import { schemaDifferences } from '../../../lambdas/schema/fingerprint.ts';
import { copySchema } from '../../../lambdas/steps/copy-schema.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { awkwardSchema, HOSTILE_SCHEMA, LONGEST_NAME } from '../../support/awkward-schema.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { ownedSchema } from '../../support/owned-schema.ts';
import { type Sql, startWorld, type World } from '../../support/world.ts';

/** Everything of ours and of the user's that stands on a target. */
const relations = async (sql: Sql): Promise<Json> =>
  (await sql(`
    select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1
  `)) as unknown as Json;

const dumped = (world: World, side: 'source' | 'target') =>
  pgDump(world.database[side], 'Test').dump(['--schema-only', '--no-owner', '--no-privileges', '--exclude-schema=planetscale_migration']);

/**
 * A dump without its first lines, and without the names and the origin of NOT NULL constraints: sources before 18 have neither, so what
 * comes from them is as a server of 18 makes it up.
 */
const comparable = (dump: string): string =>
  dump
    .replaceAll(/^-- Dumped (from|by) .*$/gm, '')
    .replaceAll(/ CONSTRAINT (?:\w+_not_null|"[^"]*_not_null") NOT NULL/g, ' NOT NULL')
    .replaceAll(/^ +NOT NULL \w+,?\n/gm, '');

describe('CopySchema', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
  });
  afterAll(() => world?.destroy());

  /** A further pair of databases with a schema on the source. */
  let made = 0;
  const withSchema = async (schema: string): Promise<World> => {
    made += 1;
    const sibling = await world.sibling(`copy ${made} "é"`);
    if (schema) await sibling.asSourceRole(schema);
    return sibling;
  };

  it.each<[ServerVersion, ServerVersion]>([
    [11, 17],
    [13, 18],
    [15, 17],
    [17, 18],
    [18, 18],
  ])('with BuildIndexes, moves everything from %d to %d', async (source, target) => {
    const pair = await startWorld({ source, target, name: 'awkward "ü"' });
    try {
      await pair.asSourceRole(awkwardSchema(source));
      await pair.source(`comment on schema public is 'a comment of one''s own'`); // before 15 it is not the master user's
      await pair.until('CopySchema');
      const built = await pair.until('BuildIndexes');
      expect(built.evidence).toMatchObject({ failures: [] });
      // The same schema, made on the target's own server by hand: nothing may tell it from the one that was moved.
      const byHand = await pair.sibling('by hand');
      await byHand.asTargetRole(awkwardSchema(source));
      // But for what is held as long as the target subscribes, and forced again with the switch.
      const held = await pair.target('select schema, "table" from planetscale_migration.held_force where held');
      expect(held).toEqual([{ schema: 'shop', table: 'parent' }]);
      const forced = /^ALTER TABLE ONLY shop\.parent FORCE ROW LEVEL SECURITY;\n\n/m;
      expect(comparable(await dumped(pair, 'target'))).toBe(comparable((await dumped(byHand, 'target')).replace(forced, '')));
      expect(await pair.target('select count(*)::int as n from pg_index where not indisvalid')).toEqual([{ n: 0 }]);
      expect(await pair.target("select relname from pg_class where relkind = 'm' and not relispopulated")).toEqual([
        { relname: 'unfilled' },
      ]);
    } finally {
      await pair.destroy();
    }
  });

  it('creates keys and identities at once, and no other index', async () => {
    const copied = await withSchema(awkwardSchema(15));
    await copied.until('CopySchema');
    const indexes = await copied.target(`
      select ic.relname::text as name, i.indisvalid as valid from pg_index i join pg_class ic on ic.oid = i.indexrelid
      join pg_namespace n on n.oid = ic.relnamespace
      where not i.indisprimary and n.nspname in ('shop', 'public', '${HOSTILE_SCHEMA}') order by 1`);
    expect(indexes).toEqual([
      { name: 'as identity; it', valid: true },
      { name: 'identity of it', valid: true },
    ]);
    expect(await copied.target('select relname from pg_index join pg_class c on c.oid = indexrelid where not indisvalid')).toEqual([]);
    const identities = await copied.target(
      `select relname::text as name, relreplident::text as identity from pg_class
       where relreplident in ('i', 'f') and relkind = 'r' order by 1`,
    );
    expect(identities).toEqual([
      { name: 'full', identity: 'f' },
      { name: LONGEST_NAME, identity: 'i' },
      { name: 'named', identity: 'i' },
    ]);
  });

  it('leaves out what the input excludes, and nothing of a similar name', async () => {
    const copied = await withSchema(`
      create schema "a.b"; create table "a.b".t (a int); create schema "a?b"; create table "a?b".t (a int);
      create table "x*" (a int primary key) partition by list (a); create table leaf partition of "x*" default;
      create table xyz (a int references "x*", b int constraint "kept; it" references leaf); create table "X*" (a int);
    `);
    const input = { excludeSchemas: ['a?b'], excludeTables: ['public.x*'] };
    const { evidence } = await copied.until('CopySchema', { input });
    expect(evidence).toMatchObject({ leftBehind: ['"public"."xyz": kept; it', '"public"."xyz": xyz_a_fkey'] });
    expect(await relations(copied.target)).toEqual(
      ['a.b.t', 'planetscale_migration.heartbeat', 'planetscale_migration.post_data', 'planetscale_migration.schema_copy']
        .concat(['public.X*', 'public.xyz'])
        .concat(['planetscale_migration.heartbeat_pkey', 'planetscale_migration.heartbeat_token_key'])
        .concat(['planetscale_migration.post_data_pkey', 'planetscale_migration.schema_copy_pkey'])
        .concat(['planetscale_migration.path_given', 'planetscale_migration.path_given_pkey'])
        .concat(
          ['access_due', 'access_undo', 'carried_role']
            .flatMap((name) => [name, `${name}_pkey`])
            .map((name) => `planetscale_migration.${name}`),
        )
        .concat(['planetscale_migration.copied_object', 'planetscale_migration.copied_object_pkey'])
        .concat(['planetscale_migration.schema_baseline', 'planetscale_migration.schema_baseline_pkey'])
        .concat(['planetscale_migration.schema_baseline_side', 'planetscale_migration.schema_baseline_side_pkey'])
        .map((name) => ({ name }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
    await expect(copied.until('CopySchema', { input: { ...input, excludeSchemas: ['a?b', 'a.b'] } })).resolves.toHaveProperty('verdict');
    await expect(copied.until('CopySchema', { input: { excludeSchemas: ['a?b'] } })).rejects.toThrow(/"public"\."x\*".*Cleanup/);
    await copied.until('BuildIndexes', { input });
  });

  it('records the source as it was before the dump, so that a change in between is found later', async () => {
    const copied = await withSchema('create table t (a int)');
    const changing: AnyStep = {
      ...copySchema,
      async act(ctx: Acting<'source' | 'target' | 'schemaDump'>, seen) {
        await copySchema.act?.({ ...ctx, schemaDump: { dump: (args) => meanwhile(() => ctx.schemaDump.dump(args)) } }, seen);
      },
    };
    const meanwhile = async (dump: () => Promise<string>): Promise<string> => {
      await copied.source('alter table t add b int');
      return dump();
    };
    await copied.run('CopySchema', changing);
    expect(
      await copied.target('select side, object from planetscale_migration.schema_baseline where side = $1 order by object', ['source']),
    ).toEqual([
      { side: 'source', object: 'column public.t.a' },
      { side: 'source', object: 'table public.t' },
    ]);
    const { source, target } = copied.ports('CheckCutover').looking;
    expect((await schemaDifferences(source, target)).source.map(inWords)).toEqual(['column public.t.b was added: integer']);
  });

  it('names what the target refuses, and leaves the target unchanged', async () => {
    const copied = await withSchema(`
      do $$ begin for i in 1..300 loop execute format('create table %I (id int primary key)', 'table ' || i); end loop; end $$;
      create schema "ü; %";
    `);
    await copied.source(`create function "ü; %"."int; 'ernal'"(int, int) returns int language internal as 'int4pl'`);
    await copied.asSourceRole(`create table "ü; %"."needs; it" (id int primary key, v int default "ü; %"."int; 'ernal'"(1, 2))`);
    const before = await relations(copied.target);
    const error = (await copied.until('CopySchema').catch((refused: unknown) => refused)) as Error;
    expect(error).toBeInstanceOf(SchemaCopyFailed);
    expect(error.message).toMatch(/refused TABLE needs; it in schema ü; %: function .* does not exist \(42883\)/);
    expect(error.message).toContain(`function "ü; %"."int; 'ernal'"(integer, integer) (permission denied for language internal (42501))`);
    expect(error.message).toContain('the target is as it was');
    expect(await relations(copied.target)).toEqual(before);
    await copied.asSourceRole(`drop schema "ü; %" cascade`);
    await copied.until('CopySchema');
    expect(await copied.target("select count(*)::int as n from pg_class where relname ~ '^table [0-9]+$'")).toEqual([{ n: 300 }]);
  });

  it('accepts a schema and an extension that exist already', async () => {
    const copied = await withSchema(
      'create schema things; create extension citext with schema things; create table things.t (a things.citext)',
    );
    await copied.target(`create schema things; grant all on schema things to public; create extension citext with schema things`);
    await copied.until('CopySchema');
    expect(await copied.target("select to_regclass('things.t') is not null as there")).toEqual([{ there: true }]);
  });

  it('says where to enable an extension that the target offers and refuses all the same (#10)', async () => {
    const copied = await withSchema('create extension citext; create table t (a citext)');
    await copied.target(`
create schema platform;
create function platform.refuse() returns event_trigger language plpgsql as $$ begin raise exception 'not enabled'; end $$;
create event trigger refuse on ddl_command_start when tag in ('CREATE EXTENSION') execute function platform.refuse()`);
    await expect(copied.until('CopySchema')).rejects.toThrow(
      /refused EXTENSION citext.*as it was\. Enable the extension .*Clusters → Extensions/s,
    );
  });

  it('copies no extension of Aurora that the target does not offer, nor its members', async () => {
    const copied = await withSchema('create table t (a int)');
    // No Aurora at hand: an extension of plain PostgreSQL takes the name of one.
    await copied.source(`create extension pg_trgm; update pg_extension set extname = 'aws_s3' where extname = 'pg_trgm'`);
    await copied.until('CopySchema');
    expect(await copied.target("select proname from pg_proc where proname = 'similarity'")).toEqual([]);
  });

  it('refuses a target that holds the copy of another source', async () => {
    const copied = await withSchema('create table t (a int)');
    await copied.until('CopySchema');
    await copied.target("update planetscale_migration.schema_copy set source_identity = '42/42'");
    await expect(copied.until('CopySchema')).rejects.toThrow(/schema of another source.*Nothing was changed/);
  });

  it('fires no trigger of the source on the target', async () => {
    const copied = await withSchema(`
      create table t (a int); create function no() returns trigger language plpgsql as $$ begin raise 'fired'; end $$;
      create trigger no before insert on t for each row execute function no(); alter table t enable always trigger no;
    `);
    await copied.until('CopySchema');
    expect(await copied.target('select tgname from pg_trigger where not tgisinternal')).toEqual([]);
  });

  /** Every index, key and identity of the user's tables, with its owner and everything that the catalog says of it. */
  const keysOf = (sql: Sql) =>
    sql(`
      select format('%I.%I', n.nspname, c.relname) as table, c.relkind::text, c.relreplident::text as identity, pg_get_indexdef(i.indexrelid) as index,
        i.indisprimary, i.indisunique, i.indisvalid, i.indisready, i.indisreplident, i.indisclustered, pg_get_constraintdef(k.oid) as key,
        k.convalidated, k.coninhcount, k.conislocal, pg_get_userbyid(x.relowner)::text as owner,
        (select p.inhparent::regclass::text from pg_inherits as p where p.inhrelid = i.indexrelid) as parent
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace left join pg_index as i on i.indrelid = c.oid
      left join pg_class as x on x.oid = i.indexrelid
      left join pg_constraint as k on k.conindid = i.indexrelid and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')
      where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^(pg_|planetscale_|information_schema)' order by 1, index`);

  it.each<[ServerVersion, string, (version: number) => string]>([
    [11, 'hostile names', awkwardSchema],
    [17, 'hostile names', awkwardSchema],
    [15, 'several owners', ownedSchema],
  ])(
    'leaves every table without an index for a copy in parts, and builds the same after it: from %d, %s',
    async (source, _what, schema) => {
      const [byStream, inParts] = await Promise.all([startWorld({ source }), startWorld({ source })]);
      try {
        for (const [one, copy] of [
          [byStream, 'stream'],
          [inParts, 'parts'],
        ] as const) {
          await one.asSourceRole(schema(source));
          const { evidence } = await one.until('CopySchema', { input: { copy } });
          expect(evidence).toMatchObject({
            copy: { way: copy, why: expect.stringContaining('the input says so') },
            roles: { made: expect.anything() },
          });
        }
        expect((await keysOf(inParts.target)).filter(({ index }) => index !== null)).toEqual([]);
        expect(await inParts.visit('CopySchema')).toMatchObject({ verdict: 'done', evidence: { copy: { way: 'parts' } } });
        expect(await inParts.target('select part_bytes::int, workers from planetscale_migration.copy_plan')).toEqual([
          { part_bytes: 1_073_741_824, workers: 8 },
        ]);
        await inParts.until('BuildKeys');
        expect(await keysOf(inParts.target)).toEqual(await keysOf(byStream.target));
        for (const one of [byStream, inParts]) await one.until('BuildIndexes');
        expect(await keysOf(inParts.target)).toEqual(await keysOf(byStream.target));
        expect(comparable(await dumped(inParts, 'target'))).toBe(comparable(await dumped(byStream, 'target')));
      } finally {
        await Promise.all([byStream.destroy(), inParts.destroy()]);
      }
    },
  );

  it('makes before the rows what they name, and the keys that this needs, also for a copy in parts', async () => {
    const copied = await withSchema(`
      create table "By; key" (id int primary key, v text); create table other (id int primary key, v int); create index named on other (v);
      create view "Grouped; v" as select id, v from "By; key" group by id;
      create table naming (id int primary key, what regclass);
      insert into naming values (1, '"Grouped; v"'), (2, 'named'), (3, 'naming_pkey');
    `);
    await copied.until('CopySchema', { input: { copy: 'parts' } });
    const indexes = `select relname::text as name from pg_index join pg_class as c on c.oid = indexrelid where indrelid::regclass::text ~ '^("By|other|naming)' order by 1`;
    expect(await copied.target(indexes)).toEqual([{ name: 'By; key_pkey' }, { name: 'named' }, { name: 'naming_pkey' }]);
    expect(await copied.target(`select '"Grouped; v"'::regclass::text as view`)).toEqual([{ view: '"Grouped; v"' }]);
    await copied.until('BuildKeys');
    await copied.until('BuildIndexes');
    expect(await copied.target(indexes)).toHaveLength(4);
  });

  it('refuses a key that the target does not take before the rows, also where keys come after them', async () => {
    const copied = await withSchema(
      'create table "refused; it" (id int, constraint "Key; k" primary key (id)); create table t (id int primary key)',
    );
    await copied.target(`
      create schema platform;
      create function platform.refuse() returns event_trigger language plpgsql as $$ begin
        if exists (select from pg_constraint where conname = 'Key; k') then raise exception 'no key'; end if;
      end $$;
      create event trigger refuse on ddl_command_end when tag in ('ALTER TABLE') execute function platform.refuse()`);
    await copied.target(`alter event trigger refuse enable always`);
    const error = (await copied.until('CopySchema', { input: { copy: 'parts' } }).catch((refused: unknown) => refused)) as Error;
    expect(error).toBeInstanceOf(SchemaCopyFailed);
    expect(error.message).toContain('Key; k');
    expect(await copied.target("select to_regclass('public.t') as there")).toEqual([{ there: null }]);
  });

  it.each<[string, string]>([
    ['stream', 'parts'],
    ['parts', 'stream'],
  ])('stays with the way that a schema was copied for: %s', async (before, after) => {
    const copied = await withSchema('create table t (id int primary key)');
    await copied.until('CopySchema', { input: { copy: before } });
    const other = copied.until('CopySchema', { input: { copy: after } });
    await expect(other).rejects.toThrow(
      `copied for the way "copy": "${before}", and the input now says "copy": "${after}". Nothing was changed.`,
    );
    await expect(other).rejects.toThrow('Cleanup with "target": "drop"');
    for (const input of [{}, { copy: 'auto' }, { copy: before }])
      await expect(copied.until('CopySchema', { input })).resolves.toMatchObject({ evidence: { copy: { way: before } } });
    await copied.until('DropReplication', { input: { target: 'drop' } });
    const { evidence } = await copied.until('CopySchema', { input: { copy: after } });
    expect(evidence).toMatchObject({ copy: { way: after } });
  });

  let lives = 0;
  describeLifecycle('CopySchema', {
    async world() {
      lives += 1;
      const one = await world.sibling(`life ${lives} %`);
      await one.asSourceRole(awkwardSchema(15));
      return one;
    },
    effect: ({ target }) => relations(target),
  });
});
