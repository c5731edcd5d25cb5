import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../../lambdas/checks/finding.ts';
import { longValues, objectColumns, partitionKeys, transactionIds } from '../../../../lambdas/checks/readiness/peculiar-values.ts';
import { searchPath } from '../../../../lambdas/checks/readiness/search-path.ts';
import { tableChecks } from '../../../../lambdas/checks/readiness/tables.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { blocker, findingsOf, ODD, summary, warning } from '../../../support/findings.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe.each(versions<readonly [ServerVersion, ServerVersion]>([11, 17], [13, 18], [18, 18]))(
  'values and keys that depend on the source, from %d to %d (#11)',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target });
    });
    afterAll(() => world?.destroy());
    let made = 0;
    const withSchema = async (schema: string): Promise<World> => {
      made += 1;
      const one = await world.sibling(`peculiar ${made}`);
      await one.asSourceRole(schema);
      return one;
    };

    it('are named for reg* types with rows, in arrays, domains and composites too', async () => {
      const one = await withSchema(`
create schema ${ODD}; create domain ${ODD}.kept as regclass; create type ${ODD}.pair as (a int, b regproc[]);
create table ${ODD}.t (id int primary key, a regclass, b regtype[], "c d" ${ODD}.kept, p ${ODD}.pair, o oid, "e f" text);
insert into ${ODD}.t (id) values (1);
create table public.none (id int primary key, a regclass);
create table public.out (id int primary key, a regclass); insert into public.out values (1, null)`);
      expect(summary(await findingsOf(one, [objectColumns], { input: { excludeTables: ['public.out'] } }))).toEqual({
        ObjectIdentifierColumn: warning(
          `${ODD}."c d" (regclass)`.replace(`${ODD}.`, `${ODD}.t.`),
          `${ODD}.t.a (regclass)`,
          `${ODD}.t.b (regtype)`,
          `${ODD}.t.p (regproc)`,
        ),
      });
    });

    it('block for hash partitions by enums, and others by objects, however deeply nested', async () => {
      const key = (name: string, how: string, columns: string) => `
create table public.${name} (${columns}) partition by ${how};
create table public.${name}_0 partition of public.${name} for values with (modulus 1, remainder 0);`;
      const one = await withSchema(`
create type public.mood as enum ('a', 'b'); create domain public.felt as public.mood; create type public.pair as (i int, m public.mood);
${key('by_enum', 'hash (m)', 'm public.mood')}
${key('by_domain', 'hash (id, f)', 'id int, f public.felt')}
${key('by_array', 'hash (m)', 'm public.mood[]')}
${source >= 14 ? key('by_pair', 'hash (p)', 'p public.pair') : ''}
${key('by_object', 'hash (o)', 'o regclass')}
${key('by_expression', "hash ((case when id > 1 then m else 'a' end))", 'id int, m public.mood')}
${key('by_text', 'hash (t)', 'id int, t text, m public.mood')}
${key('by_number', 'hash (o)', 'o oid')}
create table public.by_list (m public.mood) partition by list (m); create table public.by_list_a partition of public.by_list for values in ('a');
create table public.by_range (m public.mood) partition by range (m);
create table public.by_range_a partition of public.by_range for values from ('a') to ('b');
create table public.empty (m public.mood) partition by hash (m);
${key('left_out', 'hash (m)', 'm public.mood')}`);
      const found = await findingsOf(one, [partitionKeys], { input: { excludeTables: ['public.left_out'] } });
      expect(summary(found)).toEqual({
        PartitionKeyNotPortable: blocker(
          'public.by_array (by hash of public.mood)',
          'public.by_domain (by hash of public.mood)',
          'public.by_enum (by hash of public.mood)',
          'public.by_expression (by hash of an expression of anyenum)',
          'public.by_object (by hash of regclass)',
          ...(source >= 14 ? ['public.by_pair (by hash of public.mood)'] : []),
        ),
      });
    });

    it('are named for hash partitions by sort keys of ICU', async () => {
      if (source < 12) return expect(source).toBe(11); // there are no such collations
      const one = await withSchema(`
create collation public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table public.t (w text collate public.loose) partition by hash (w);
create table public.t0 partition of public.t for values with (modulus 1, remainder 0)`);
      expect(summary(await findingsOf(one, [partitionKeys]))).toEqual({ PartitionKeyBySortKey: warning('public.t (loose)') });
    });

    it('are named for transaction ids, and the statements raise the counter of the target', async () => {
      const one = await withSchema(`
create table public.outbox (id int primary key, tx ${source >= 13 ? 'xid8' : 'txid_snapshot'}, at pg_lsn, big bigint default txid_current());
insert into public.outbox (id) values (1), (2);
create view public.ready as select id from public.outbox where big < txid_snapshot_xmin(txid_current_snapshot());
create function public.since(t bigint) returns setof public.outbox language sql as 'select * from public.outbox where big >= $1 and txid_status(big) is not null';
create table public.plain (id int primary key, n bigint default 1)`);
      await one.source(`create temp table burned (n int); do $$ begin for i in 1..5000 loop
  begin insert into burned values (i); exception when division_by_zero then null; end; end loop; end $$`);
      await one.source("insert into public.outbox (id, at) values (3, '0/1')");
      const [found] = (await findingsOf(one, [transactionIds])) as [Finding];
      expect(found).toMatchObject({
        code: 'TransactionIds',
        severity: 'warning',
        objects: [
          'public.outbox.at (pg_lsn)',
          `public.outbox.tx (${source >= 13 ? 'xid8' : 'txid_snapshot'})`,
          'default of public.outbox.big',
          'function public.since(t bigint)',
          'view public.ready',
        ],
        message: expect.stringMatching(/source \d+, target \d+/),
        remedy: expect.stringMatching(/\d+ behind\. It can be raised/),
      });
      const [row] = await one.source('select max(big)::text as big from public.outbox');
      const visible = async () =>
        (await one.asTargetRole(`select ${row?.big} < txid_snapshot_xmin(txid_current_snapshot()) as visible`))[0]?.visible;
      expect(await visible()).toBe(false);
      // Each statement by itself, as psql sends them: the block commits.
      const [create = '', block = ''] = found.statements?.[0]?.split(/(?<=\);)\n/) ?? [];
      const client = one.asTargetRole;
      await client(`${create}`.replace('temporary table', 'table'));
      await client(block);
      expect(await visible()).toBe(true);
      expect((await findingsOf(one, [transactionIds]))[0]).toMatchObject({
        statements: [],
        remedy: expect.stringContaining('ahead already'),
      });
    });

    it('are named for functions that depend on search_path in checks, indexes and generated columns, and no others', async () => {
      const one = await withSchema(`set check_function_bodies = off;
create schema ${ODD}; create table ${ODD}."w s" (v text primary key); create table public.words (v text primary key);
create function public.known(t text) returns boolean language sql stable as 'select exists (select from words where v = t)';
create function public.outer_known(t text) returns boolean language plpgsql immutable as 'begin return known(t); end';
create function public.odd(t text) returns boolean language sql stable as 'select exists (select from "w s" where v = t)';
create function public.qualified(t text) returns boolean language sql stable as 'select exists (select from public.words where v = t)';
create function public.has_path(t text) returns boolean language sql stable set search_path = public as 'select exists (select from words)';
create function public.unused(t text) returns boolean language sql stable as 'select exists (select from words)';
create function public.self(t text) returns boolean language sql immutable as 'select t <> upper(t) or t like ''swords%''';
create domain public.word as text check (public.odd(value));
create table public.holder (id int primary key, a text check (public.known(a)), b text check (public.qualified(b)), c text check (public.has_path(c)),
  d public.word, e text check (public.self(e)));
create index by_known on public.holder ((public.outer_known(a)))`);
      expect(summary(await findingsOf(one, [searchPath]))).toEqual({
        FunctionGetsPath: warning('public.known(text): public', 'public.outer_known(text): public'),
      });
    });

    it("are named for tables whose rows may exceed the protocol's limit", async () => {
      const one = await withSchema(`
create table public.films (id int primary key, body bytea); alter table public.films alter column body set storage external;
insert into public.films select 1, decode(repeat('ab', 6500000), 'hex');
create table public.texts (id int primary key, body text); alter table public.texts alter column body set storage external;
insert into public.texts select 1, repeat('x', 6500000);
create table public.small (id int primary key, body bytea); insert into public.small select g, decode(repeat('ab', 65000), 'hex') from generate_series(1, 20) g`);
      const found = summary(await findingsOf(one, [longValues]));
      expect(found).toEqual({ RowsMayBeTooLong: warning(expect.stringMatching(/^public\.films \(about \d MB a row, as stored\)$/)) });
    });

    it('are named for unlogged partitions and for foreign keys of unlogged tables to published ones', async () => {
      const one = await withSchema(`
create table public.parent (id int primary key); create unlogged table public."chi ld" (id int primary key, p int constraint "to p" references public.parent);
create unlogged table public.lone (id int primary key references public."chi ld");
create table public.root (id int) partition by list (id); create unlogged table public.leaf partition of public.root for values in (1);
create table public.above (id int); create unlogged table public.below () inherits (public.above)`);
      const found = await findingsOf(one, tableChecks);
      expect(summary(found)).toMatchObject({
        UnloggedChild: warning('"public"."chi ld": to p, to public.parent'),
        UnloggedPartition: warning('public.below', 'public.leaf'),
      });
      await one.until('CopySchema');
      await one.until('BuildIndexes');
      await one.target('truncate public.parent'); // as an apply worker does, which never cascades by itself
    });
  },
);
