import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sequences } from '../../../../lambdas/checks/readiness/sequences.ts';
import { nothingToMove, size } from '../../../../lambdas/checks/readiness/size.ts';
import { tableChecks } from '../../../../lambdas/checks/readiness/tables.ts';
import { eventTriggerChecks, ruleChecks, triggers } from '../../../../lambdas/checks/readiness/triggers.ts';
import { blocker, findingsOf, LONG, ODD, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const CHECKS = [...tableChecks, triggers, ruleChecks, eventTriggerChecks, sequences];

const SCHEMA = `
create schema ${ODD};
create table ${ODD}.plain (id int primary key);
create unlogged table ${ODD}."for got" (id int primary key);
create materialized view ${ODD}."m v" as select 1 as one;
create foreign data wrapper nowhere;
create server nobody foreign data wrapper nowhere;
create foreign table ${ODD}."far away" (id int) server nobody;
create table ${ODD}.parts (id int primary key) partition by range (id);
create table ${ODD}.part1 partition of ${ODD}.parts for values from (0) to (10) partition by range (id);
create table ${ODD}.part1a partition of ${ODD}.part1 for values from (0) to (10);
create table ${ODD}.parent (id int primary key);
create table ${ODD}.child () inherits (${ODD}.parent);
create table ${ODD}.${LONG} (id int generated always as identity (maxvalue 1000000) primary key, "d o" int);
create function ${ODD}.noop() returns trigger language plpgsql as 'begin return new; end';
create trigger "t always" after insert on ${ODD}.plain for each row execute procedure ${ODD}.noop();
create trigger "t replica" after insert on ${ODD}.plain for each row execute procedure ${ODD}.noop();
create trigger "t origin" after insert on ${ODD}.plain for each row execute procedure ${ODD}.noop();
create trigger "t off" after insert on ${ODD}.plain for each row execute procedure ${ODD}.noop();
alter table ${ODD}.plain enable always trigger "t always", enable replica trigger "t replica", disable trigger "t off";
create rule "r u" as on delete to ${ODD}.plain do instead nothing;
create view ${ODD}.no_rule as select 1 as one;
create function public.seen() returns event_trigger language plpgsql as 'begin end';
create event trigger "on ddl" on ddl_command_end execute procedure public.seen();
create sequence ${ODD}.far;
create sequence ${ODD}.unused_small as smallint increment 1000;
create sequence ${ODD}.tight as int;
select setval('${ODD.replaceAll("'", "''")}.tight', 2147483647 - 9999);
create sequence ${ODD}.used as int;
select setval('${ODD.replaceAll("'", "''")}.used', 2000000000);
create sequence ${ODD}.down increment -2 minvalue -1000000 maxvalue 0 start 0;
select setval('${ODD.replaceAll("'", "''")}.down', -990000);
create sequence ${ODD}.round maxvalue 3 cycle;
create schema left_out;
create unlogged table left_out.fleeting (id int);
create sequence left_out.small maxvalue 3;
`;

describe('the check of tables', () => {
  let world: World;
  beforeAll(async () => {
    // Event triggers of rdsadmin's own would be the platform's.
    world = await startWorld({ edge: { channelBinding: true }, plainSource: 'superuser' });
  });
  afterAll(() => world?.destroy());

  it('finds nothing in plain tables', async () => {
    const plain = await world.sibling('plain');
    await plain.source('create table t (id int primary key, j json); create sequence s; create view v as select 1 as one');
    expect(await findingsOf(plain, CHECKS)).toEqual([]);
  });

  it('finds objects replicated differently or not at all, and leaves excluded schemas out', async () => {
    const odd = await world.sibling('odd');
    await odd.asSourceRole(SCHEMA);
    await odd.source(`alter table ${ODD}.${LONG} add column g int generated always as ("d o" * 2) stored`);
    await odd.source('select lo_create(0), lo_create(0)');
    expect(summary(await findingsOf(odd, CHECKS, { input: { excludeSchemas: ['left_out'] } }))).toEqual({
      UnloggedTable: warning(`${ODD}."for got"`),
      ForeignTable: warning(`${ODD}."far away"`),
      MaterializedView: warning(`${ODD}."m v"`),
      PartitionedTable: warning(`${ODD}.parts`),
      InheritedTable: warning(`${ODD}.parent`),
      GeneratedColumn: warning(`${ODD}.${LONG}.g`),
      IdentityColumn: warning(`${ODD}.${LONG}.id`),
      LargeObjects: blocker('2 large objects'),
      TriggerFiresUnderApply: blocker(`"t always" on ${ODD}.plain (enable always)`, `"t replica" on ${ODD}.plain (enable replica)`),
      Rule: warning(`"r u" on ${ODD}.plain`),
      EventTrigger: warning('"on ddl"'),
      SequenceMarginDoesNotFit: warning(`${ODD}.down (5000 left)`, `${ODD}.tight (9999 left)`, `${ODD}.unused_small (32 left)`),
      SequenceAlmostExhausted: warning(`${ODD}.used (93 % used, 147483647 left)`),
      CyclingSequence: warning(`${ODD}.round`),
    });
  });

  it('measures sequences by the margin of the input, in steps of their increment', async () => {
    const sized = await world.sibling('margin');
    await sized.asSourceRole("create sequence s increment -3 minvalue -30 maxvalue 0 start 0; select setval('s', -3)");
    const left = (sequenceMargin: number) => findingsOf(sized, [sequences], { input: { sequenceMargin } });
    expect(await left(9)).toEqual([]);
    expect(summary(await left(10))).toEqual({ SequenceMarginDoesNotFit: warning('public.s (9 left)') });
  });

  it('returns the size of the data, also of none', async () => {
    const sized = await world.sibling('size');
    expect(summary(await findingsOf(sized, [size, nothingToMove]))).toEqual({
      DiskSpace: warning('0 tables, 0 bytes, with indexes 0 bytes'),
      NothingToMove: warning('size'),
    });
    await sized.source(
      "create table t (id int primary key, body text); insert into t select g, repeat('x', 100) from generate_series(1, 1000) g",
    );
    const [bytes] = await sized.source("select pg_table_size('t')::int as t, pg_total_relation_size('t')::int as total");
    const [found, ...none] = await findingsOf(sized, [size, nothingToMove]);
    expect(none).toEqual([]);
    expect(found).toMatchObject({
      objects: [`1 tables, ${bytes?.t} bytes, with indexes ${bytes?.total} bytes`],
      remedy: expect.stringContaining('150 %'),
    });
  });
});

describe('the check of features that ended with version 11', () => {
  it('finds hidden oids and removed types', async () => {
    const world = await startWorld({
      source: 11,
      schema: `create schema ${ODD}; create table ${ODD}.old (id int primary key, at abstime, spans tinterval[]) with oids;
create table public.out (id int primary key, at reltime) with oids;
create table public.parts (id int) partition by list (id); create table public.part partition of public.parts for values in (1)`,
    });
    try {
      expect(summary(await findingsOf(world, CHECKS, { input: { excludeTables: ['public.out'] } }))).toEqual({
        TableWithOids: blocker(`${ODD}.old`),
        TypeRemoved: blocker(`${ODD}.old.at`, `${ODD}.old.spans`),
        PartitionedTable: warning('public.parts'),
      });
    } finally {
      await world.destroy();
    }
  });
});
