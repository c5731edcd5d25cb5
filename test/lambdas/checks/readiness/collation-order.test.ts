import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundsAt } from '../../../../lambdas/checks/readiness/collation-order/trial.ts';
import { collationOrder } from '../../../../lambdas/checks/readiness/collation-order.ts';
import { blocker, findingsOf, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

/** Lower case before upper in the one, all of upper case before lower in the other. */
const LIKE_PEOPLE = `create collation public."As people" (provider = icu, locale = 'en')`;
const LIKE_BYTES = `create collation public."As people" (locale = 'C')`;

const DEPENDENT = `
create table parts (code text collate "As people", n int) partition by range (code, n);
create table parts_a partition of parts for values from ('a', 1) to ('m', 5);
create table "parts M" partition of parts for values from ('m', 5) to (maxvalue, maxvalue);
create table parts_rest partition of parts default;
create table kept (id int primary key, word text collate "As people" constraint "in order" check (word >= 'a' and word < 'n'));
create domain small as text collate "As people" check (value collate "As people" <= 'zz');
create table domained (id int primary key, word small);
create type words as range (subtype = text, collation = "As people");
create table spans (id int primary key, span words, exclude using gist (span with &&));
create table harmless (id int primary key, word text collate "As people" unique check (word <> 'x'), code text check (code > 'a'));
create index on harmless (word);
`;
const LOWER_CASE = `
insert into parts values ('b', 1), ('p', 2);
insert into kept values (1, 'b'), (2, null);
insert into domained values (1, 'b');
insert into spans values (1, words('b', 'c')), (2, null);
insert into harmless values (1, 'b', 'b');
`;

describe.each([
  [11, 18],
  [18, 17],
] as const)('a collation with another sort order, from %i to %i (#11)', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target });
  });
  afterAll(() => world?.destroy());

  const shop = async (name: string, rows: string, target = LIKE_BYTES): Promise<World> => {
    const made = await world.sibling(name);
    await made.asSourceRole(`${LIKE_PEOPLE};${DEPENDENT}${rows}`);
    await made.target(target);
    return made;
  };
  const found = async (on: World) => summary(await findingsOf(on, [collationOrder]));

  const of = (object: string) => `${object}: public."As people"`;
  const ALL = [
    of('check "in order" of public.kept'),
    of('check small_check of public.domained'),
    of('exclusion constraint spans_span_excl of public.spans'),
    of('public."parts M" (partition of public.parts)'),
    of('public.parts_a (partition of public.parts)'),
    of('public.parts_rest (partition of public.parts)'),
    of('column span of public.spans'),
  ];

  it('leads to no finding where both sort alike, under another name or without one yet', async () => {
    expect(await found(await shop('alike', LOWER_CASE, LIKE_PEOPLE))).toEqual({});
    const [icu] = await world.target(`select from pg_collation where collprovider = 'i' and collname = 'en-x-icu'`);
    expect(icu).toBeDefined();
    const later = await found(await shop('made later', LOWER_CASE, ''));
    expect(later.CollationSortsOtherwise).toBeUndefined();
    expect(later.RowsOutOfOrder).toBeUndefined();
  });

  it('is named with its dependents, and blocks nothing where no row would be refused', async () => {
    const findings = await found(await shop('lower case', LOWER_CASE));
    expect(findings.CollationSortsOtherwise).toEqual(warning('public."As people"'));
    expect(findings.OrderMatters?.objects.toSorted()).toEqual(ALL.toSorted());
    expect(findings.RowsOutOfOrder).toBeUndefined();
  });

  it('blocks where rows would be refused', async () => {
    const upper = `insert into parts values ('B', 1); insert into kept values (1, 'B'), (2, 'b'); insert into domained values (1, 'b');
insert into spans values (1, words('b', 'C'))`;
    const findings = await found(await shop('upper case', upper));
    expect(findings.RowsOutOfOrder).toEqual(
      blocker(of('check "in order" of public.kept'), of('public.parts_a (partition of public.parts)'), of('column span of public.spans')),
    );
    expect(findings.OrderMatters?.objects).toHaveLength(ALL.length - 3);
  });

  it('is tried with the values of ANALYZE, where the first rows do not differ', async () => {
    const large = `insert into kept select i, 'b' from generate_series(1, 2000) as i; insert into kept select -i, 'B' from generate_series(1, 5) as i; analyze kept`;
    expect((await found(await shop('large', large))).RowsOutOfOrder).toEqual(blocker(of('check "in order" of public.kept')));
  });

  it('is ignored on excluded tables', async () => {
    const upper = await shop('excluded', "insert into parts values ('B', 1)");
    const findings = summary(await findingsOf(upper, [collationOrder], { input: { excludeTables: ['public.parts'] } }));
    expect(findings.RowsOutOfOrder).toBeUndefined();
  });
});

describe("the database's own collation, and equal strings (#11)", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
  });
  afterAll(() => world?.destroy());

  it('are tried under every provider', async () => {
    await world.asSourceRole(`create table own (id int primary key, word text check (word < 'a'));
insert into own values (1, 'B'); create table other (code text) partition by range (code);
create table other_a partition of other for values from ('a') to ('b')`);
    await world.target("create database of_people locale_provider icu icu_locale 'en' template template0");
    const target = { ...world.places.target, database: 'of_people' };
    expect(summary(await findingsOf(world, [collationOrder], { target }))).toMatchObject({
      CollationSortsOtherwise: warning("the database's own"),
      OrderMatters: warning("public.other_a (partition of public.other): the database's own"),
      RowsOutOfOrder: blocker("check own_word_check of public.own: the database's own"),
    });
    expect(await findingsOf(world, [collationOrder])).toEqual([]);
  });

  it('lead to a finding for unique indexes where the target holds other strings for equal', async () => {
    const shop = await world.sibling('equal');
    await shop.asSourceRole(`create collation public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table t (word text collate public.loose unique)`);
    await shop.target("create collation public.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)");
    expect(summary(await findingsOf(shop, [collationOrder]))).toMatchObject({
      OrderMatters: warning('unique index public.t_word_key: public.loose'),
    });
  });
});

describe('the bounds of a partition', () => {
  it('are read by position in the key, whatever their values', () => {
    const text = "FOR VALUES FROM ('it''s (a, b)', 1, MINVALUE) TO ('m', MAXVALUE, 'x, y')";
    expect([1, 2, 3].map((position) => boundsAt(text, position))).toEqual([["it's (a, b)", 'm'], [], ['x, y']]);
  });
});
