import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inWords } from '../../../lambdas/schema/differences.ts';
import { objectsOf, type SchemaDifferences, schemaDifferences } from '../../../lambdas/schema/fingerprint.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { awkwardSchema } from '../../support/awkward-schema.ts';
import { startWorld, type VisitOptions, type World } from '../../support/world.ts';

const BOTH = { source: true, target: true };
const UNCHANGED: SchemaDifferences = { source: [], target: [], alike: [], recorded: BOTH };

const looked = async (world: World): Promise<SchemaDifferences> => {
  const ports = world.ports('CheckCutover');
  try {
    return await schemaDifferences(ports.looking.source, ports.looking.target);
  } finally {
    await ports.close();
  }
};

/** The schema is copied and complete. */
const copy = async (world: World, schema: string, options: VisitOptions = {}): Promise<World> => {
  await world.asSourceRole(schema);
  await world.until('CopySchema', options);
  await world.until('BuildIndexes', options);
  return world;
};

/** One of everything that may change. */
const CHANGEABLE = `
create schema shop; create schema "left behind"; create table "left behind".it (id serial primary key);
create type shop.state as enum ('open', 'paid'); create type shop.address as (street text);
create domain shop.positive as int constraint is_positive check (value > 0);
create sequence shop.numbers;
create table shop.skipped (id serial primary key);
create table shop."Order" (
  id int primary key, note text default 'it''s', total numeric(10,2), state shop.state not null, gone date default '2024-05-31',
  constraint cheap check (total < 1000)
);
create unique index "by note" on shop."Order" (note); create index by_total on shop."Order" (total) where gone > '2024-05-31';
create table shop.line (id int primary key, "order" int constraint to_order references shop."Order");
create table shop.event (id int not null, at date not null, primary key (id, at)) partition by range (at);
create table shop.event_2024 partition of shop.event for values from ('2024-01-01') to ('2025-01-01');
create table shop.event_rest partition of shop.event default;
create index by_day on shop.event (at);
create materialized view shop.summary as select 1 as one; create index on_summary on shop.summary (one);
`;
const EXCLUDING: VisitOptions = { input: { excludeSchemas: ['left behind'], excludeTables: ['shop.skipped'] } };

/** SQL, and what it makes of the schema. */
const CHANGES: readonly (readonly [sql: string, ...sentences: string[]])[] = [
  [
    'alter table shop."Order" add added text collate "C" not null default now()',
    'column shop."Order".added was added: text collate pg_catalog."C" not null default now()',
  ],
  ['alter table shop.line add total int', 'column shop.line.total was added: integer'],
  [
    'alter table shop."Order" alter note type varchar(50)',
    `column shop."Order".note was changed: it was text default 'it''s'::text, and is character varying(50) default 'it''s'::text`,
  ],
  [
    'alter table shop."Order" alter total set default 0',
    'column shop."Order".total was changed: it was numeric(10,2), and is numeric(10,2) default 0',
  ],
  [
    'alter table shop."Order" alter state drop not null',
    'column shop."Order".state was changed: it was shop.state not null, and is shop.state',
  ],
  [
    'alter table shop."Order" drop constraint cheap',
    'constraint shop."Order".cheap was removed; it was: CHECK ((total < (1000)::numeric))',
  ],
  ['alter table shop.line add constraint once unique (total)', 'constraint shop.line.once was added: UNIQUE (total)'],
  [
    'alter table shop.line alter constraint to_order deferrable',
    'constraint shop.line.to_order was changed: it was FOREIGN KEY ("order") REFERENCES shop."Order"(id), and is FOREIGN KEY ("order") REFERENCES shop."Order"(id) DEFERRABLE',
  ],
  [
    'drop index shop.by_total',
    `index shop.by_total was removed; it was: CREATE INDEX by_total ON shop."Order" USING btree (total) WHERE (gone > '2024-05-31'::date)`,
  ],
  [
    'create index new_one on shop.line (total desc)',
    'index shop.new_one was added: CREATE INDEX new_one ON shop.line USING btree (total DESC)',
  ],
  ['drop index shop.on_summary', 'index shop.on_summary was removed; it was: CREATE INDEX on_summary ON shop.summary USING btree (one)'],
  [
    `alter type shop.state add value 'sent' before 'paid'`,
    `type shop.state was changed: it was enum ('open', 'paid'), and is enum ('open', 'sent', 'paid')`,
  ],
  [
    'alter type shop.address add attribute "Zip Code" varchar(10)',
    'type shop.address was changed: it was composite (street text), and is composite (street text, "Zip Code" character varying(10))',
  ],
  [
    'alter domain shop.positive set default 1',
    'type shop.positive was changed: it was domain over integer, and is domain over integer default 1',
  ],
  [
    'alter domain shop.positive drop constraint is_positive',
    'constraint shop.positive.is_positive was removed; it was: CHECK ((VALUE > 0))',
  ],
  ['create type shop.span as range (subtype = date)', 'type shop.span was added: range of date'],
  [
    'alter sequence shop.numbers increment 5 cycle',
    'sequence shop.numbers was changed: it was bigint increment 1 from 1 to 9223372036854775807, start 1, and is bigint increment 5 from 1 to 9223372036854775807, start 1, cycle',
  ],
  [
    'alter table shop."Order" replica identity full',
    'table shop."Order" was changed: it was permanent; replica identity default, and is permanent; replica identity full',
  ],
  [
    'alter table shop.event_rest enable row level security',
    'table shop.event_rest was changed: it was permanent; partition of shop.event DEFAULT; replica identity default, and is permanent; partition of shop.event DEFAULT; replica identity default; row security',
  ],
  [
    'create table shop."new; table" (id bigserial primary key, a int unique)',
    'table shop."new; table" was added: permanent; replica identity default',
  ],
  [
    `create table shop.event_2025 partition of shop.event for values from ('2025-01-01') to ('2026-01-01')`,
    `table shop.event_2025 was added: permanent; partition of shop.event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); replica identity default`,
  ],
  ['alter table shop.event add place text', 'column shop.event.place was added: text'],
  ['drop index shop.by_day', 'index shop.by_day was removed; it was: CREATE INDEX by_day ON ONLY shop.event USING btree (at)'],
  ['create table "left behind".more (id int); alter table shop.skipped add more int unique; analyze'],
];

describe('schemaDifferences', () => {
  let world: World;
  let made = 0;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18 });
  });
  afterAll(() => world?.destroy());
  const sibling = () => {
    made += 1;
    return world.sibling(`schema ${made} "é"`);
  };

  it.each<[ServerVersion, ServerVersion]>([
    [11, 17],
    [15, 17],
    [17, 18],
  ])('finds none after a copy from %d to %d, however later versions print values', async (source, target) => {
    const pair = await startWorld({ source, target, name: 'awkward "ü"' });
    try {
      await copy(pair, awkwardSchema(source));
      expect(await looked(pair)).toEqual(UNCHANGED);
      const print = `do $$ begin execute format('alter database %I set datestyle = ''German, DMY''', current_database());
        execute format('alter database %I set quote_all_identifiers = on', current_database());
        execute format('alter database %I set search_path = shop', current_database()); end $$; analyze`;
      await Promise.all([pair.source(print), pair.target(print)]);
      await pair.until('BuildIndexes', { execution: 'another' });
      expect(await looked(pair)).toEqual(UNCHANGED);
      const [before] = await pair.target('select count(*)::int as objects from planetscale_migration.schema_baseline');
      expect(before?.objects).toBeGreaterThan(200);
    } finally {
      await pair.destroy();
    }
  });

  it.each(['source', 'target'] as const)('names every change on the %s, and nothing that is excluded', async (side) => {
    const shop = await copy(await sibling(), CHANGEABLE, EXCLUDING);
    const other = side === 'source' ? 'target' : 'source';
    if (side === 'target') {
      await shop.target('create schema "left behind"; create table shop.skipped (id serial primary key)');
    }
    for (const [sql] of CHANGES) await shop[side](sql);
    const differences = await looked(shop);
    expect(differences.recorded).toEqual(BOTH);
    expect(differences[other]).toEqual([]);
    expect(differences[side].map(inWords).sort()).toEqual(CHANGES.flatMap(([, ...sentences]) => sentences).sort());
  });

  it('names an index that became invalid, and one that has just been begun', async () => {
    const shop = await copy(await sibling(), CHANGEABLE, EXCLUDING);
    await shop.target(`update pg_index set indisvalid = false where indexrelid = 'shop."by note"'::regclass`);
    await shop.source(`insert into shop."Order" (id, note, state, total) values (1, 'a', 'open', 1), (2, 'b', 'open', 1)`);
    await expect(shop.source('create unique index concurrently broken on shop."Order" (total)')).rejects.toThrow('could not create');
    const { source, target } = await looked(shop);
    expect(source.map(inWords)).toEqual([
      'index shop.broken was added: CREATE UNIQUE INDEX broken ON shop."Order" USING btree (total) (invalid)',
    ]);
    const definition = 'CREATE UNIQUE INDEX "by note" ON shop."Order" USING btree (note)';
    expect(target.map(inWords)).toEqual([`index shop."by note" was changed: it was ${definition}, and is ${definition} (invalid)`]);
  });

  it('names dropped tables once, without their parts, and what a renamed table still has', async () => {
    const shop = await copy(await sibling(), CHANGEABLE, EXCLUDING);
    await shop.source('drop table shop.line; drop table shop.event; alter table shop."Order" rename to orders');
    const { source, target } = await looked(shop);
    expect(source.map(({ object, was }) => [object, was === undefined])).toEqual([
      ['index shop."Order_pkey"', false],
      ['index shop."by note"', false],
      ['index shop.by_total', false],
      ['table shop."Order"', false],
      ['table shop.event', false],
      ['table shop.line', false],
      ['table shop.orders', true],
    ]);
    expect(target).toEqual([]);
  });

  it('returns nothing for a side without a record', async () => {
    const shop = await sibling();
    expect(await looked(shop)).toEqual({ source: [], target: [], alike: [], recorded: { source: false, target: false } });
    await shop.asSourceRole('create table t (id int primary key, a int unique)');
    await shop.until('CopySchema');
    await shop.target('alter table t add b int');
    await shop.source('alter table t add c int');
    const { source, target, recorded } = await looked(shop);
    expect([source.map(({ object }) => object), target, recorded]).toEqual([['column public.t.c'], [], { source: true, target: false }]);
  });

  it('lists 2,000 tables with 4,000 indexes in an acceptable time', async () => {
    const large = await sibling();
    const tables = `do $$ begin for i in 1..2000 loop execute format('create table %I (id bigint primary key, a text default ''x'',
      b numeric(10,2) not null, c timestamptz, d jsonb, e int check (e > 0)); create index on %1$I (c)', 'table ' || i);
      if i % 100 = 0 then commit; end if; end loop; end $$`;
    await large.asSourceRole(tables);
    const started = performance.now();
    const objects = await objectsOf(large.ports('CheckCutover').looking.source, {
      excludeSchemas: [],
      excludeTables: [{ schema: 'a', table: 'b' }],
    });
    console.log(`${objects.length} objects of 2,000 tables were listed in ${Math.round(performance.now() - started)} ms`);
    expect(objects).toHaveLength(2_000 * (1 + 6 + 2 + 2));
    await copy(large, '');
    const comparing = performance.now();
    expect(await looked(large)).toEqual(UNCHANGED);
    console.log(`Both sides were compared with their records in ${Math.round(performance.now() - comparing)} ms`);
  });
});
