import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postData } from '../../../lambdas/checks/cutover/post-data.ts';
import { schema as schemaCheck } from '../../../lambdas/checks/cutover/schema.ts';
import { domainConstraints } from '../../../lambdas/checks/readiness/domain-constraints.ts';
import { invalid } from '../../../lambdas/checks/readiness/invalid-indexes.ts';
import { parseInput } from '../../../lambdas/config/input.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { switchFindings } from '../../support/following.ts';
import { eventually, tableStates } from '../../support/replicated.ts';
import { SWITCHABLE } from '../../support/switchable.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';

/** Default names: `email_check` sorts before `users_pkey`, so pg_dump writes it first. */
const schema = (version: number) => `
create domain email as text;
create table users (id int primary key, mail email, age int);
insert into users values (1, 'no address', -1), (2, 'a@example.org', 2);
alter domain email add check (value like '%@%') not valid;
alter table users add check (age > 0) not valid;
create table orders (id int primary key, u int); insert into orders values (1, 77);
alter table orders add foreign key (u) references users not valid;

create schema odd; create type odd.pair as (what regclass, n int); create domain odd.rel as regclass; create domain odd.pairs as odd.pair[];
create table odd."Watched" (id int primary key, b int, c int constraint "one; only" unique, d int, exclude using btree (d with =));
create index "Watched by b" on odd."Watched" (b); create index by_c on odd."Watched" (c); create index by_d on odd."Watched" (d); create index unnamed on odd."Watched" (b, c);
create materialized view odd.mat as select 1 as one; create index on_mat on odd.mat (one);
create view odd.grouped as select id, b, count(*) as n from odd."Watched" group by id;
create table odd.parted (id int, day date) partition by range (day);
create table odd.part_1 partition of odd.parted for values from ('2024-01-01') to ('2025-01-01'); create index parted_id on odd.parted (id);
create table odd.naming (id int primary key, what regclass, whats regclass[], inside odd.pair, rel odd.rel, deep odd.pairs, f regprocedure, t regtype, c regconfig, r regclass);
insert into odd.naming values (1, 'odd."Watched by b"', array['odd.by_c'::regclass, 'odd."one; only"', null], row('odd.by_d'::regclass, 1),
  'odd."Watched_d_excl"', array[row('odd.on_mat'::regclass, 2)::odd.pair], 'pg_catalog.lower(text)', 'odd.pair', 'pg_catalog.english', 'odd.parted_id'),
  (2, 'odd.grouped', '{}', null, 'odd."Watched_pkey"', null, null, 'int[]', null, 'pg_class'), (3, 0::oid::regclass, null, null, null, null, null, null, null, 1234567::oid::regclass);

create table log (id int not null, day date not null, primary key (id, day)) partition by range (day);
create table log_1 partition of log for values from ('2024-01-01') to ('2025-01-01');
create table log_2 partition of log for values from ('2025-01-01') to ('2026-01-01');
create index log_day on only log (day); create index log_1_day on log_1 (day); alter index log_day attach partition log_1_day;
insert into log select n, date '2024-06-01' + n from generate_series(1, 300) as n;
create table twice (id int primary key, a int); insert into twice values (1, 1), (2, 1);
${version >= 14 ? 'create function odd.waiting() returns setof int language sql begin atomic select b from odd."Watched" group by id; end; update odd.naming set f = \'odd.waiting()\' where id = 2;' : ''}
`;

const CONSTRAINTS = `select conname::text as name, convalidated as valid from pg_constraint
where conname in ('email_check', 'users_age_check', 'orders_u_fkey') order by 1`;
const NAMING = `set search_path = pg_catalog; select * from odd.naming order by id`;

describe.each(versions<[ServerVersion, ServerVersion]>([11, 18], [18, 18]))(
  'constraints and indexes before and after the copy, from %i to %i (#11)',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target, schema: schema(source), sourceParameters: SWITCHABLE.sourceParameters ?? {} });
      await world.source('create unique index concurrently broken on twice (a)').catch(() => undefined);
    });
    afterAll(() => world?.destroy());
    const texts = async (side: 'source' | 'target') => JSON.stringify(await world[side](NAMING));

    it('are announced by Preflight where rows may violate them', async () => {
      const ports = world.ports('CheckReadiness');
      const context = { source: ports.looking.source, input: parseInput({}) } as never;
      const found = [...(await invalid.find(context)), ...(await domainConstraints.find(context))];
      expect(found.map(({ code, severity, objects }) => [code, severity, objects])).toEqual([
        ['PartitionedIndexInvalid', 'warning', ['public.log_day on public.log']],
        ['IndexLeftBehind', 'warning', ['public.broken on public.twice']],
        ['DomainConstraintNotValid', 'warning', ['email_check of public.email']],
      ]);
    });

    it('let rows arrive that violate a constraint or name an index', async () => {
      for (const step of ['CreateReplicationRole', 'CopySchema', 'CreatePublication'] as const) await world.visit(step);
      expect(await world.target(CONSTRAINTS)).toEqual([]);
      expect(await world.target("select 1 from pg_class where relname in ('unnamed', 'log_day')")).toEqual([]);
      await world.until('CreateSubscription');
      await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
      expect(await texts('target')).toBe(await texts('source'));
      expect((await world.until('BuildIndexes')).evidence).toMatchObject({ failures: [] });
      expect(await world.target(CONSTRAINTS)).toEqual([
        { name: 'email_check', valid: false },
        { name: 'orders_u_fkey', valid: false },
        { name: 'users_age_check', valid: false },
      ]);
      expect(await world.target('select mail::text as mail from users order by id')).toEqual([
        { mail: 'no address' },
        { mail: 'a@example.org' },
      ]);
    });

    it('do not block a switch, and neither does an invalid index that is dropped on the source meanwhile', async () => {
      const broken = `select c.relname::text as name from pg_index as i join pg_class as c on c.oid = i.indexrelid where not i.indisvalid`;
      expect(await world.target(broken)).toEqual([{ name: 'log_day' }]);
      expect(await switchFindings(world, [postData, schemaCheck])).toEqual([]);
      await world.source('drop index broken');
      expect(await switchFindings(world, [postData, schemaCheck])).toEqual([]);
      await world.target("update pg_index set indisvalid = false where indexrelid = 'odd.unnamed'::regclass");
      expect((await switchFindings(world, [postData])).map(({ code, objects }) => [code, objects])).toEqual([
        ['PostDataMissing', ['index unnamed on odd.Watched']],
        ['IndexInvalid', ['odd.unnamed on odd."Watched"']],
      ]);
      await world.target("update pg_index set indisvalid = true where indexrelid = 'odd.unnamed'::regclass");
    });

    it('include a dropped constraint of a domain that is created again when Replicate is started again', async () => {
      await world.target('alter domain email drop constraint email_check');
      expect((await switchFindings(world, [postData])).map(({ objects }) => objects)).toEqual([
        ['domain check email_check on public.email'],
      ]);
      await world.until('BuildIndexes', { execution: 'another' });
      expect(await switchFindings(world, [postData, schemaCheck])).toEqual([]);
    });
  },
);
