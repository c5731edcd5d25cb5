import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comparesUnsentColumns, replicaIdentity } from '../../../../lambdas/checks/readiness/identity.ts';
import { sourceTables } from '../../../../lambdas/checks/readiness/rights.ts';
import { blocker, findingsOf, LONG, ODD, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const SCHEMA = `
create schema ${ODD};
create type ${ODD}.mood as enum ('good', 'bad');
create domain ${ODD}.document as xml;
create type ${ODD}.pair as (a int, b json);

create table ${ODD}.keyed (id int primary key, j json);
create table ${ODD}.chosen (id int not null, j json);
create unique index chosen_index on ${ODD}.chosen (id);
alter table ${ODD}.chosen replica identity using index chosen_index;

create table ${ODD}.${LONG} (a int);
create table ${ODD}."with unique" (a int not null, b int not null, unique (a), unique (a, b));
create table ${ODD}.nullable (a int unique);
create table ${ODD}.partial (a int not null);
create unique index on ${ODD}.partial (a) where a > 0;
create table ${ODD}.nothing (id int primary key);
alter table ${ODD}.nothing replica identity nothing;
create table ${ODD}.gone (a int not null);
create unique index gone_index on ${ODD}.gone (a);
alter table ${ODD}.gone replica identity using index gone_index;
drop index ${ODD}.gone_index;
create table ${ODD}.shapeless (a json);

create table ${ODD}.later (j int, "i d" int, k json, primary key ("i d", j) deferrable);
create table ${ODD}.computed (a int, b int generated always as (a + 1) stored primary key);

create table ${ODD}.full_fine (a varchar, b ${ODD}.mood, c int4range, d int[], e jsonb, f uuid, g oid, h "char", i name, j bit varying, k inet, l cidr, m xid);
alter table ${ODD}.full_fine replica identity full;
create table ${ODD}.full_not (a int, "j s" json, x ${ODD}.document, p point[], c ${ODD}.pair, ok text);
alter table ${ODD}.full_not replica identity full;

create table ${ODD}.parts (id int) partition by list (id);
create table ${ODD}.part1 partition of ${ODD}.parts for values in (1);
create unlogged table ${ODD}.fleeting (a int);
create schema left_out; create table left_out.no_key (a int);
create table public.no_key (a int);
`;
const INPUT = { excludeSchemas: ['left_out'], excludeTables: ['public.no_key'] };

it.each([
  [110019, true],
  [110020, false],
  [130010, true],
  [150002, true],
  [150003, false],
  [160000, false],
  [180001, false],
])('the identity check knows that a subscriber of version %i compares columns that are not sent: %s (#11)', (version, compares) => {
  expect(comparesUnsentColumns(version)).toBe(compares);
});

describe('replica identities of tables of another owner (#11)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 17 });
    await world.source(`create role the_owner; grant usage, create on schema public to the_owner; set role the_owner;
      create table public.a (v int); create table public."B" (v int not null unique); reset role`);
  });
  afterAll(() => world?.destroy());
  const input = { replicaIdentity: 'full' };

  it("are named with the owner's statement, which helps", async () => {
    const found = await findingsOf(world, [replicaIdentity], { input });
    expect(summary(found)).toMatchObject({
      ReplicaIdentityOfAnotherOwner: blocker('public."B" (owner the_owner)', 'public.a (owner the_owner)'),
    });
    const statements = found.flatMap((finding) => finding.statements ?? []);
    expect(statements).toEqual([
      'alter table public."B" replica identity using index "B_v_key";',
      'alter table public.a replica identity full;',
    ]);
    await expect(world.asSourceRole(`${statements[1]}`)).rejects.toThrow(/must be owner/);
    await world.source(`set role the_owner; ${statements[0]}`);
    expect(summary(await findingsOf(world, [replicaIdentity], { input })).ReplicaIdentityOfAnotherOwner).toEqual(
      blocker('public.a (owner the_owner)'),
    );
  });

  it('are set by Replicate once our role is a member of the owner, which the finding says', async () => {
    const statements = (await findingsOf(world, [sourceTables], { input })).flatMap((finding) => finding.statements ?? []);
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of new Set(statements)) await world.source(statement);
    expect(summary(await findingsOf(world, [replicaIdentity], { input }))).not.toHaveProperty('ReplicaIdentityOfAnotherOwner');
    expect(await world.visit('SetReplicaIdentity', { input })).toMatchObject({ verdict: 'done', evidence: { set: 1 } });
  });
});

describe('the check of replica identities', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ schema: SCHEMA });
  });
  afterAll(() => world?.destroy());

  const WITHOUT = [LONG, '"with unique"', 'gone', 'nothing', 'nullable', 'part1', 'partial', 'shapeless'].map((name) => `${ODD}.${name}`);

  it('finds the tables without one, and its statements set one', async () => {
    const found = await findingsOf(world, [replicaIdentity], { input: INPUT });
    const all = summary(found);
    expect(all.NoReplicaIdentity?.objects.toSorted()).toEqual(WITHOUT.toSorted());
    expect({ ...all, NoReplicaIdentity: undefined }).toEqual({
      NoReplicaIdentity: undefined,
      DeferrablePrimaryKey: blocker(`${ODD}.later`),
      GeneratedReplicaIdentity: blocker(`${ODD}.computed (b)`),
      FullIdentityCannotCompare: blocker(`${ODD}.full_not ("j s", x, p, c)`),
      FullReplicaIdentity: warning(`${ODD}.full_fine`),
      StreamBackReadsWholeTables: warning(`${ODD}.full_fine`),
    });
    const statements = found.flatMap((finding) => finding.statements ?? []);
    expect(statements).toContain(`alter table ${ODD}."with unique" replica identity using index "with unique_a_key";`);
    expect(statements).toContain(`alter table ${ODD}.nothing replica identity default;`);
    expect(statements).toContainEqual(
      expect.stringMatching(/^create unique index concurrently planetscale_identity_\d+ on .* \("i d", j\); alter table /),
    );
    expect(statements).toContain(`alter table ${ODD}.nullable replica identity full;`);
  });

  it('agrees with the server, which refuses exactly these tables once published, and none after the remedy', async () => {
    await world.source('create publication everything for all tables');
    const refuses = async (table: string, column: string) =>
      world.source(`update ${ODD}.${table} set ${column} = ${column}`).then(
        () => false,
        (error: Error) => error.message.includes('does not have a replica identity'),
      );
    const columns = { nothing: 'id', part1: 'id' } as Readonly<Record<string, string>>;
    for (const table of [LONG, '"with unique"', 'gone', 'nothing', 'nullable', 'part1', 'partial', 'shapeless']) {
      expect([table, await refuses(table, columns[table] ?? 'a')]).toEqual([table, true]);
    }
    expect(await refuses('later', 'j')).toBe(true);
    for (const table of ['keyed', 'chosen']) expect([table, await refuses(table, 'id')]).toEqual([table, false]);

    const found = await findingsOf(world, [replicaIdentity], { input: INPUT });
    const statements = found.flatMap((finding) => finding.statements ?? []).flatMap((text) => text.split(/(?<=;) /));
    for (const statement of statements) await world.source(statement);
    const after = await findingsOf(world, [replicaIdentity], { input: INPUT });
    expect(after.filter(({ severity }) => severity === 'blocker').map(({ code }) => code)).toEqual([]);
    expect(await refuses('later', 'j')).toBe(false);
  });
});
