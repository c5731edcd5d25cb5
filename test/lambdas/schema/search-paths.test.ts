/** Functions that lean on a search_path, in every place where the target evaluates them without one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../lambdas/checks/finding.ts';
import { searchPath } from '../../../lambdas/checks/readiness/search-path.ts';
import { namesInPath, pathsToGive, wordsIn } from '../../../lambdas/schema/search-paths.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { startWorld, type World } from '../../support/world.ts';

const NOTHING_EXCLUDED = { excludeSchemas: [], excludeTables: [] };

/** In `app` and in a schema that needs quoting; sessions find both, by the setting of the database. */
const SCHEMA = `
set check_function_bodies = off; create schema app; create schema "A; b";
do $$ begin execute format('alter database %I set search_path = "$user", app, "A; b", public', current_database()); end $$;
set search_path = app, "A; b", public;
create function "A; b".helper(i int) returns int language sql immutable as 'select i + 1';
create function app.qualified(i int) returns int language sql immutable as 'select i + length(''x'')';
create function app.checked(i int) returns boolean language plpgsql immutable as 'begin return helper(i) > 0; end';
create function app.indexed(i int) returns int language sql immutable as 'select helper(i)';
create function app.inner_one(i int) returns int language sql immutable as 'select helper(i)';
create function app.outer_one(i int) returns boolean language sql immutable as 'select app.inner_one(i) > 0';
create function app.in_domain(t text) returns boolean language plpgsql immutable as 'begin return helper(length(t)) > 0; end';
create function app.viewed(i int) returns int language plpgsql stable as 'begin return (select count(*) from thing) + i; end';
create function app.dynamic(i int) returns boolean language plpgsql immutable as
  'declare r boolean; begin execute ''select hel'' || ''per($1) > 0'' into r using i; return r; end';
create function app.of_operator(a int, b int) returns boolean language plpgsql immutable as 'begin return helper(a) > b; end';
create operator app.>># (leftarg = int, rightarg = int, procedure = app.of_operator);
create function app.own_path(i int) returns int language sql immutable set search_path = "A; b" as 'select helper(i)';
create function app.in_trigger() returns trigger language plpgsql as 'begin perform helper(1); return new; end';
create function app.in_usual_trigger() returns trigger language plpgsql as 'begin perform helper(2); return new; end';
create function app.in_default() returns int language plpgsql as 'begin return helper(3); end';
create function app.in_policy() returns boolean language plpgsql as 'begin return helper(4) > 0; end';
create function app.not_reached(i int) returns int language sql immutable as 'select helper(i)';
create domain app.word as text check (app.in_domain(value));
create table app.thing (id int primary key, i int default app.in_default() check (app.checked(i)), w app.word,
  check (app.outer_one(i)), check (app.dynamic(i)), check (i operator(app.>>#) -5), check (app.qualified(i) > 0), check (app.own_path(i) > 0));
create index on app.thing (app.indexed(i));
create materialized view app.summary as select app.viewed(i) from app.thing;
create trigger always after insert on app.thing for each row execute procedure app.in_trigger();
alter table app.thing enable always trigger always;
create trigger usual after insert on app.thing for each row execute procedure app.in_usual_trigger();
alter table app.thing enable row level security;
create policy p on app.thing using (app.in_policy());
insert into app.thing values (1, 1, 'x');
`;

const GIVEN = [
  'app.checked(integer)',
  'app.dynamic(integer)',
  'app.in_domain(text)',
  'app.in_trigger()',
  'app.indexed(integer)',
  'app.inner_one(integer)',
  'app.of_operator(integer,integer)',
  'app.viewed(integer)',
];
const PATH = ['app', 'A; b', 'public'];

describe.each<[ServerVersion, ServerVersion]>([
  [11, 18],
  [15, 17],
])('functions that depend on search_path, from %i to %i (#11)', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target });
    await world.asSourceRole(SCHEMA);
  });
  afterAll(() => world?.destroy());

  const find = (input: Record<string, unknown>): Promise<readonly Finding[]> =>
    searchPath.find({ source: world.ports('CheckReadiness').looking.source, input: { ...NOTHING_EXCLUDED, ...input } } as never);

  it('are named by Preflight with the path and the statements for each, if it is run without one', async () => {
    const [finding] = await find({ searchPath: 'source' });
    expect(finding).toMatchObject({
      ...{ code: 'FunctionGetsPath', severity: 'warning', objects: GIVEN.map((routine) => `${routine}: ${PATH.join(', ')}`) },
      statements: GIVEN.map((routine) => `alter routine ${routine} set search_path = "app", "A; b", "public";`),
    });
  });

  it('are named also where the input leaves them unchanged', async () => {
    expect(await find({ searchPath: 'as-is' })).toMatchObject([{ code: 'FunctionLeansOnPath', severity: 'warning' }]);
  });

  it('get their path from CopySchema on the target, which records it, and stay unchanged on the source', async () => {
    const { evidence } = await world.until('CopySchema');
    expect(evidence).toMatchObject({ morePaths: 0, gavePath: GIVEN.map((routine) => expect.stringContaining(routine)) });
    expect(await world.target('select routine, path from planetscale_migration.path_given order by routine')).toEqual(
      GIVEN.map((routine) => ({ routine, path: PATH })),
    );
    const settings = 'select count(*)::int as n from pg_proc where proconfig is not null and pronamespace = to_regnamespace($1)';
    expect(await world.source(settings, ['app'])).toEqual([{ n: 1 }]);
    await world.target(`set search_path = ''; insert into app.thing values (1, 1, 'x'); refresh materialized view app.summary;
create index on app.thing (app.indexed(i))`);
  });

  it('are unchanged where the input says so, so that rows are refused', async () => {
    const left = await world.sibling('left as it is');
    await left.asSourceRole(SCHEMA);
    expect((await left.until('CopySchema', { input: { searchPath: 'as-is' } })).evidence).not.toHaveProperty('gavePath');
    await expect(left.target("set search_path = ''; insert into app.thing values (1, 1, 'x')")).rejects.toThrow(/helper/);
  });

  it('get the path of their owner, in which "$user" is a schema, where the database has none', async () => {
    const owned = await world.sibling('of a role');
    const role = `app owner ${source}`;
    await owned.source(`create role "${role}"; create schema "${role}" authorization "${role}";
create function "${role}".helper(i int) returns int language sql immutable as 'select i + 1';
create function public.leaning(i int) returns boolean language plpgsql immutable as 'begin return helper(i) > 0; end';
create table public.t (i int check (public.leaning(i)));
alter function public.leaning(int) owner to "${role}"`);
    const given = () => pathsToGive(owned.ports('CheckReadiness').looking.source, NOTHING_EXCLUDED);
    expect(await given()).toEqual([{ routine: 'public.leaning(integer)', path: [role, 'public'] }]);
    // What another role has says where a name is found that the owner's own path does not lead to.
    await owned.source(`alter role "${role}" set search_path = public; create role "other ${source}";
alter role "other ${source}" set search_path = "${role}", public`);
    expect(await given()).toEqual([{ routine: 'public.leaning(integer)', path: [role, 'public'] }]);
  });
});

describe('identifiers in a function body (#11)', () => {
  it('are found in any form, in strings too, and apart from those behind a dot', () => {
    const { bare, qualified } = wordsIn(`select Half(x), "Mixed ""Q""", a.b, 'conf'::regconfig, 1 <-> 2, q . "C d"`);
    expect([...bare]).toEqual(expect.arrayContaining(['half', 'Mixed "Q"', 'a', 'conf', '<->', 'q']));
    expect([...qualified]).toEqual(['b', 'C d']);
  });

  it('of a search_path are parsed as PostgreSQL does', () => {
    expect(namesInPath('"$user", Public,"A, ""b""" ,pg_temp')).toEqual(['$user', 'public', 'A, "b"', 'pg_temp']);
  });
});
