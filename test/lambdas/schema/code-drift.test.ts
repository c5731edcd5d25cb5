/** Functions, triggers, views, policies, rules, extensions and grants that changed since the copy. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { code } from '../../../lambdas/checks/cutover/code.ts';
import type { SwitchCheckContext } from '../../../lambdas/checks/cutover/context.ts';
import { CUTOVER, ROLLBACK } from '../../../lambdas/config/direction.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import { type CodeDifferences, codeDifferences } from '../../../lambdas/schema/code-drift.ts';
import { codeOf } from '../../../lambdas/schema/code-record.ts';
import { isAlike } from '../../../lambdas/schema/code-words.ts';
import { inWords } from '../../../lambdas/schema/differences.ts';
import { startWorld, type World } from '../../support/world.ts';

const SCHEMA = `
create schema app; create schema "left behind";
create table app.item (id int primary key, owner text, price int, gone boolean default false);
create table app.log (id int, note text);
create table app.part (id int not null, at date not null) partition by range (at);
create table app.part_1 partition of app.part for values from ('2024-01-01') to ('2025-01-01');
create function app.double(x int) returns int language sql immutable as 'select x * 2';
create function app."Audit"() returns trigger language plpgsql as $$ begin return new; end $$;
create function app.secret(t text) returns text language plpgsql security definer set search_path = app as $$ begin return 'canary'; end $$;
create procedure app.tidy() language plpgsql as $$ begin delete from app.log; end $$;
create aggregate app.product(int) (sfunc = int4mul, stype = int, initcond = '1');
create trigger "on item" before insert on app.item for each row execute procedure app."Audit"();
create trigger second after update on app.item for each row execute procedure app."Audit"();
create view app.cheap as select i.id, i.price from app.item i where i.price < 10;
create view app.paired with (security_barrier) as select a.id, b.note from app.item a join app.log b on b.id = a.id;
create materialized view app.summary as select count(*) as n from app.item;
create rule quiet as on delete to app.log do instead nothing;
alter table app.item enable row level security;
create policy own on app.item for select using (owner = current_user);
create statistics app.together (dependencies) on owner, price from app.item;
create operator app.=== (leftarg = int, rightarg = int, function = int4eq);
create text search configuration app.words (copy = simple);
create collation app.bytes from "C";
create function "left behind".f() returns int language sql as 'select 1';
create table app.skipped (id int primary key); create view app.of_all as select 1 as one;
`;
const INPUT = { input: { excludeSchemas: ['left behind'], excludeTables: ['app.skipped'] } };

const prepared = async (world: World): Promise<World> => {
  await world.source(`do $$ begin create role reader; exception when duplicate_object then null; end $$`);
  await world.asSourceRole(SCHEMA.replaceAll('function = int4eq', 'procedure = int4eq'));
  // Where roles are carried, grants are compared directly (checks/cutover/access.ts), and are no part of this.
  const options = { input: { excludeSchemas: INPUT.input.excludeSchemas, excludeTables: INPUT.input.excludeTables, roles: 'flatten' } };
  await world.until('CopySchema', options);
  await world.until('BuildIndexes', options);
  return world;
};

const looked = async (world: World, from: SideName = 'source'): Promise<CodeDifferences> => {
  const ports = world.ports('CheckCutover');
  try {
    return await codeDifferences(from, ports.looking.source, ports.looking.target);
  } finally {
    await ports.close();
  }
};
const findings = async (world: World, direction = CUTOVER) => {
  const ports = world.ports('CheckCutover');
  try {
    return await code.find({ ...ports.looking, direction } as unknown as SwitchCheckContext);
  } finally {
    await ports.close();
  }
};

/** SQL, the object that it changes, and how that begins. */
const CHANGES: readonly (readonly [sql: string, object: string, how: 'added' | 'removed' | 'changed'])[] = [
  [
    `create or replace function app.double(x int) returns int language sql immutable as 'select x + x'`,
    'function app.double(integer)',
    'changed',
  ],
  ['alter function app."Audit"() security definer', 'function app."Audit"()', 'changed'],
  ['alter function app.secret(text) set work_mem = 1024', 'settings of app.secret(text)', 'changed'],
  ['drop procedure app.tidy()', 'procedure app.tidy()', 'removed'],
  ['create or replace procedure app.fresh() language sql as $$ select 1 $$', 'procedure app.fresh()', 'added'],
  ['drop aggregate app.product(int)', 'aggregate app.product(integer)', 'removed'],
  ['alter table app.item disable trigger "on item"', 'trigger "on item" on app.item', 'changed'],
  ['drop trigger second on app.item', 'trigger second on app.item', 'removed'],
  ['create or replace view app.cheap as select i.id, i.price from app.item i where i.price < 11', 'view app.cheap', 'changed'],
  ['alter view app.paired reset (security_barrier)', 'view app.paired', 'changed'],
  ['create materialized view app.more as select 1 as one', 'materialized view app.more', 'added'],
  ['drop materialized view app.summary', 'materialized view app.summary', 'removed'],
  ['drop rule quiet on app.log', 'rule quiet on app.log', 'removed'],
  ['create rule louder as on update to app.log do also notify log', 'rule louder on app.log', 'added'],
  ['alter policy own on app.item using (owner = session_user)', 'policy own on app.item', 'changed'],
  ['create policy all_of_them on app.log to reader using (true)', 'policy all_of_them on app.log', 'added'],
  ['drop statistics app.together', 'statistics app.together', 'removed'],
  ['drop operator app.=== (int, int)', 'operator app.===(integer,integer)', 'removed'],
  ['alter text search configuration app.words drop mapping for word', 'text search configuration app.words', 'changed'],
  ['create schema later; create function later.f() returns int language sql as $$ select 1 $$', 'schema later', 'added'],
  ['create extension pg_trgm schema app', 'extension pg_trgm', 'added'],
  ['grant select on app.item to reader', 'grants on table app.item', 'added'],
  ['grant update (price) on app.log to reader', 'grants on column app.log.note', 'added'],
  ['revoke execute on function app.double(int) from public', 'grants on function app.double(integer)', 'added'],
  ['grant usage on schema app to reader', 'grants on schema app', 'added'],
  [
    'alter default privileges in schema app grant select on tables to reader',
    'default grants of aurora_master in schema app on tables',
    'added',
  ],
];
const sqlOf = ([sql]: (typeof CHANGES)[number]): string => sql.replace('(price) on app.log', '(note) on app.log');
const ONLY_NAMED = /^(grants on|default grants of|version of extension) /;
const how = ({ was, is }: { was: string | undefined; is: string | undefined }) =>
  was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';

describe.each([
  [11, 18],
  [15, 17],
] as const)('code drift from %i to %i (#11)', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await prepared(await startWorld({ source, target, name: 'code "ü"' }));
  });
  afterAll(() => world?.destroy());

  it('is none after the copy, nor for excluded objects, our own role and objects recreated unchanged', async () => {
    await world.until('CreateReplicationRole');
    await world.asSourceRole(`create or replace function app.double(x int) returns int language sql immutable as 'select x * 2';
      create or replace function "left behind".f() returns int language sql as 'select 2';
      create or replace view app.cheap as select i.id, i.price from app.item i where i.price < 10;
      create trigger on_skipped before insert on app.skipped for each row execute procedure app."Audit"()`);
    expect(await looked(world)).toEqual({ from: [], to: [], alike: [], recorded: { source: true, target: true } });
    expect(await findings(world)).toEqual([]);
  });

  it('names every object added, changed or removed on the source, blocks for code and warns of grants', async () => {
    for (const change of CHANGES) await world.asSourceRole(sqlOf(change));
    const { from, to } = await looked(world);
    expect(to).toEqual([]);
    const expected = CHANGES.map(([, object, kind]) => `${kind} ${object}`).sort();
    expect(from.map((one) => `${how(one)} ${one.object}`).sort()).toEqual(expected);
    const found = await findings(world);
    expect(found.map(({ code: name, severity }) => [name, severity])).toEqual([
      ['CodeChanged', 'blocker'],
      ['PrivilegesOrVersionsChanged', 'warning'],
    ]);
    const [blocker, warning] = found;
    expect(warning?.objects).toHaveLength(CHANGES.filter(([, object]) => ONLY_NAMED.test(object)).length);
    expect(blocker?.objects.join('\n')).toContain('trigger "on item" on app.item was changed: it was enabled');
    expect(JSON.stringify(found)).not.toContain('canary');
    expect((await findings(world, ROLLBACK)).every(({ severity }) => severity === 'warning')).toBe(true);
  });

  it('is none once the same statements were run on the target', async () => {
    await world.target(`do $$ begin create role reader; exception when duplicate_object then null; end $$`);
    for (const change of CHANGES) await world.asTargetRole(sqlOf(change));
    const { from, to, alike } = await looked(world);
    expect(to).toEqual([]);
    // A default of another role there, which is none of ours.
    expect(from.map(({ object }) => object)).toEqual(['default grants of aurora_master in schema app on tables']);
    expect(alike.length).toBeGreaterThan(15);
    expect((await findings(world)).map(({ code: name }) => name)).toEqual(['PrivilegesOrVersionsChanged', 'CodeChangedAlike']);
  });

  it('on the target names what was removed or changed, and not what was added or was given a search_path', async () => {
    await world.asTargetRole(
      `alter function app."Audit"() set search_path = app; create function app.of_the_target() returns int language sql as 'select 1'`,
    );
    expect((await looked(world)).to).toEqual([]);
    await world.asTargetRole(`create or replace view app.of_all as select 2 as one; alter table app.item disable trigger all`);
    await world.asSourceRole('alter table app.item enable trigger all');
    const { to } = await looked(world);
    expect(to.map(({ object }) => object)).toEqual(['trigger "on item" on app.item', 'view app.of_all']);
    await world.asTargetRole('create or replace view app.of_all as select 1 as one; alter table app.item enable trigger all');
    expect((await looked(world)).to).toEqual([]);
  });

  it('is listed for the target in full when that is the side to leave', async () => {
    await world.asTargetRole('create view app.newest as select 1 as one');
    const { from } = await looked(world, 'target');
    expect(from.map(inWords)).toContainEqual(expect.stringMatching(/^view app\.newest was added: plain; text [0-9a-f]{12}$/));
  });
});

describe('code drift of a large schema (#11)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());

  it('lists 2,000 functions, views, triggers, policies and granted tables in one query', async () => {
    await world.source('create role many_readers');
    await world.asSourceRole('create function f() returns trigger language plpgsql as $$ begin return new; end $$');
    await world.asSourceRole(`do $$ begin for i in 1..2000 loop
  execute format('create table %I (id int primary key); create trigger t before insert on %1$I for each row execute function f();
    create view %I as select * from %1$I; create policy p on %1$I using (id > 0); grant select on %1$I to many_readers;
    create function %I() returns int language sql as ''select 1''', 't' || i, 'v' || i, 'f' || i);
  if i % 100 = 0 then commit; end if; end loop; end $$`);
    const started = performance.now();
    const objects = await codeOf(world.ports('CheckCutover').looking.source, {
      excludeSchemas: [],
      excludeTables: [{ schema: 'a', table: 'b' }],
    });
    console.log(`${objects.length} objects of code were listed in ${Math.round(performance.now() - started)} ms`);
    expect(objects.length).toBeGreaterThanOrEqual(5 * 2_000 + 1);
    expect(new Set(objects.map(({ object }) => object)).size).toBe(objects.length);
  });
});

describe('the definitions of one object by two versions (#11)', () => {
  const text = (words: string, body: string | null) => ({ object: 'x', words, body });
  it.each([
    ['a table in front of columns', ' SELECT i.id FROM app.item i;', ' SELECT id\n   FROM app.item i;', true],
    ['parentheses', ' WHERE ((a < 1))', ' WHERE (a < 1)', true],
    ['the word for a function of a trigger', 'FOR EACH ROW EXECUTE PROCEDURE app.f()', 'FOR EACH ROW EXECUTE FUNCTION app.f()', true],
    ['quotes of a function that is a keyword', '(owner = ("session_user"())::text)', '(owner = SESSION_USER)', true],
    ['another bound', ' WHERE a < 1', ' WHERE a < 2', false],
    ['another literal', " WHERE a = 'x.y'", " WHERE a = 'y'", false],
  ])('are equal where they differ by %s: %j, %j', (_, here, there, alike) => {
    expect(isAlike('view v', text('plain', here), text('plain', there))).toBe(alike);
    expect(isAlike('view v', text('plain', here), text('security_barrier=true', there))).toBe(false);
    expect(isAlike('view v', text('plain', here), undefined)).toBe(false);
  });
});
