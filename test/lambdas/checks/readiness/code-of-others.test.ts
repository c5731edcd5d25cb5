import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOfOthers } from '../../../../lambdas/checks/readiness/code-of-others.ts';
import { findingsOf, ODD, summary, warning } from '../../../support/findings.ts';
import { planterOn, trap } from '../../../support/planted.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

/** Functions of an ordinary user behind everything that has an expression; each has a name of its own. */
const SCHEMA = `
create schema ${ODD};
${['in_check', 'in_domain', 'in_index', 'in_predicate', 'in_default', 'in_operator', 'in_type'].map((name) => trap(`${name}(int)`, 'int', '$1', 'immutable', ODD)).join('\n')}
${trap('in_view()', 'int', '1', 'immutable', ODD)}
${trap('in_policy()', 'boolean', 'true', 'immutable', ODD)}
${trap('"in when"(int)', 'boolean', 'true', 'immutable', ODD)}
${trap('in_trigger()', 'trigger', 'new', '', ODD)}
${trap('in_always()', 'trigger', 'new', '', ODD)}
${trap('off()', 'trigger', 'new', '', ODD)}
create function ${ODD}.definer("An arg" int, text default '') returns int language sql security definer as 'select 1';
create function ${ODD}.invoker() returns int language sql as 'select 1';
create operator ${ODD}.### (procedure = ${ODD}.in_operator, rightarg = int);
create domain ${ODD}.small as int check (${ODD}.in_domain(value) < 10);
create type ${ODD}.pair as (one ${ODD}.small, other int);
create table ${ODD}."T" (id int primary key, a int check (${ODD}.in_check(a) > 0), b ${ODD}.small, c int default ${ODD}.in_default(1),
  d ${ODD}.pair[], e int check ((operator(${ODD}.###) e) > 0));
create index "i e" on ${ODD}."T" (${ODD}.in_index(a)) where ${ODD}.in_predicate(a) > 0;
create policy "p" on ${ODD}."T" using (${ODD}.in_policy());
create view ${ODD}.v as select ${ODD}.in_view() as one;
create materialized view ${ODD}.m as select one from ${ODD}.v with no data;
create trigger t before update on ${ODD}."T" for each row when (${ODD}."in when"(old.a)) execute procedure ${ODD}.in_trigger();
create trigger ta after insert on ${ODD}."T" for each row execute procedure ${ODD}.in_always();
create trigger off after insert on ${ODD}."T" for each row execute procedure ${ODD}.off();
alter table ${ODD}."T" enable always trigger ta, disable trigger off;
create table ${ODD}.key (id int) partition by range (${ODD}.in_type(id));
create schema left_out; create table left_out.t (a int check (${ODD}.in_check(a) > 0));
create function left_out.definer() returns int language sql security definer as 'select 1';`;

/** Everything comes to belong to the role of the copy. */
const FLATTEN = { roles: 'flatten' } as const;

const T = `${ODD}."T"`;
const of = (name: string, from: string) => `${ODD}.${name} owner mallory, reached from ${from}`;

describe.each(versions(11, 13, 15, 17, 18))('code of untrusted roles on version %i (#9.11)', (version) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: version });
  });
  afterAll(() => world?.destroy());

  it('is named with its owner and its place, by kind, and does not run', async () => {
    const one = await world.sibling('code');
    const planter = await planterOn(one, 'source');
    await planter.run(SCHEMA);
    if (version >= 12) await planter.run(`alter table ${T} add column g int generated always as (${ODD}.in_default(a)) stored`);
    const before = await planter.settled();
    const findings = await findingsOf(one, [codeOfOthers], { input: { excludeSchemas: ['left_out'], ...FLATTEN } });
    expect(await planter.settled()).toBe(before);
    // Until 14 what a generated column calls is noted at the column, not at its expression.
    const generated = version >= 15 ? [of('in_default(integer)', `default value for column g of table ${T}`)] : [];
    const column = version >= 12 && version < 15 ? [of('in_default(integer)', `table ${T}`)] : [];
    const domains = `table ${T}`;
    const checks = [
      of('in_check(integer)', `constraint T_a_check on table ${T}`),
      ...column,
      of('in_domain(integer)', domains),
      of('in_operator(integer)', `constraint T_e_check on table ${T}`),
    ];
    const indexes = ['in_index(integer)', 'in_predicate(integer)'].map((name) => of(name, `index ${ODD}."i e"`));
    const always = of('in_always()', `trigger ta on table ${T}`);
    const found = summary(findings);
    expect(found).toEqual({
      DefinerFunctionOfOthers: warning(`${ODD}.definer("An arg" integer, text) owner mallory`),
      CodeInCheck: warning(...[...checks, of('in_type(integer)', `table ${ODD}.key`)].toSorted()),
      CodeInIndex: warning(...indexes),
      CodeInDefault: warning(of('in_default(integer)', `default value for column c of table ${T}`), ...generated),
      CodeInMaterializedView: warning(of('in_view()', `rule _RETURN on materialized view ${ODD}.m`)),
      CodeInPolicy: warning(of('in_policy()', `policy p on table ${T}`)),
      CodeInTrigger: warning(of('"in when"(integer)', `trigger t on table ${T}`), always, of('in_trigger()', `trigger t on table ${T}`)),
      ...(version < 16 && {
        StreamBackRunsCodeOfOthers: warning(...checks, ...generated, ...indexes, always),
      }),
    });
    const carried = await findingsOf(one, [codeOfOthers], { input: { excludeSchemas: ['left_out'] } });
    expect(carried.map(({ code }) => code)).toEqual(version < 16 ? ['StreamBackRunsCodeOfOthers'] : []);
    const statements = findings.flatMap(({ statements: sql = [] }) => sql);
    for (const statement of statements) await one.source(statement);
    expect(await findingsOf(one, [codeOfOthers], { input: FLATTEN })).toMatchObject([
      { code: 'DefinerFunctionOfOthers', objects: ['left_out.definer() owner mallory'] },
    ]);
    expect(await planter.settled()).toBe(before);
  });

  it('leaves out code of ours, of superusers and of extensions', async () => {
    const one = await world.sibling('own');
    const planter = await planterOn(one, 'source');
    await one.asSourceRole(`create function own(int) returns int language sql immutable security definer as 'select $1';
create table t (id int primary key check (own(id) > 0))`);
    await one.source(`create extension pg_trgm; create function theirs(int) returns int language sql immutable security definer as 'select $1';
create table s (id int primary key check (theirs(id) > 0), w text check (similarity(w, 'a') >= 0)); create index on s using gin (w gin_trgm_ops)`);
    await planter.run('create schema m; create table m.plain (id serial primary key, at timestamptz default now(), check (id > 0))');
    expect(await findingsOf(one, [codeOfOthers], { input: FLATTEN })).toEqual([]);
  });
});

describe('the search for untrusted code (#9.11)', () => {
  it('takes seconds for 10,000 tables with the same function behind each', async () => {
    const world = await startWorld({ source: 17 });
    try {
      const planter = await planterOn(world, 'source');
      await planter.run(`create schema many; create function many.f(int) returns int language sql immutable as 'select $1'`);
      for (let from = 0; from < 10_000; from += 500) {
        await planter.run(`do $$ begin for i in ${from}..${from + 499} loop execute format(
          'create table many.t%s (id bigserial primary key, a int default 1 check (many.f(a) > 0), at timestamptz default now())', i); end loop; end $$`);
      }
      const began = performance.now();
      const found = await findingsOf(world, [codeOfOthers], { input: FLATTEN });
      expect(performance.now() - began).toBeLessThan(60_000);
      expect(found).toMatchObject([
        { code: 'CodeInCheck', objects: [expect.stringMatching(/^many\.f\(integer\) owner mallory, .*, 9997 more$/)] },
      ]);
    } finally {
      await world.destroy();
    }
  }); // nearly all of it is making the tables
});
