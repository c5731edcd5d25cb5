/** Values of every type are equal on all versions when they are equal, and differ when they print differently or are stored differently. */
import { describe, expect, it } from 'vitest';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { startWorld } from '../../support/world.ts';
import { finished, letReadersIn, rowsFound } from './finished.ts';

/** Columns by name: type, values that both sides have, and what the target has instead in a row of its own. */
const COLUMNS: Readonly<
  Record<string, readonly [type: string, values: readonly string[], changes: readonly (readonly [string, string])[]]>
> = {
  boolean: ['boolean', ['true', 'false'], [['true', 'false']]],
  small: ['smallint', ['-32768'], [['1', '2']]],
  whole: ['integer', ['-2147483648'], [['1', 'null']]],
  // The type's own hash function folds 64 bits into 32 and takes these for equal.
  big: ['bigint', ['-9223372036854775808'], [['0', '4294967297']]],
  numeric: ['numeric', [`'NaN'`, '1e-30', '-12345678901234567890.123'], [['1.0', '1.00']]],
  single: ['real', [`'NaN'`, `'-infinity'`, '0.1'], [['0', `'-0'`]]],
  double: [
    'double precision',
    [`'NaN'`, `'infinity'`, '0.1', '1e-300', '0.30000000000000004'],
    [
      ['0', `'-0'`],
      ['0.3', '0.30000000000000004'],
    ],
  ],
  text: [
    'text',
    [`'ä€😀'`, `''`],
    [
      [`'a'`, `'a '`],
      [`''`, 'null'],
    ],
  ],
  accented: ['text collate "und-x-icu"', [`'é'`], [[`'é'`, `'e'`]]],
  padded: ['char(4)', [`'ab'`], [[`'a'`, `'b'`]]],
  blanks: ['bpchar', [`'ab '`], [[`'a'`, `'a  '`]]],
  letter: ['"char"', [`'x'`], [[`'x'`, `'y'`]]],
  bytes: ['bytea', [`'\\x00ff'`, `''`], [[`'\\x00'`, `'\\x0000'`]]],
  day: ['date', [`'infinity'`, `'0044-03-15 BC'`], [[`'2024-02-29'`, `'2024-03-01'`]]],
  clock: ['time', [`'24:00'`], [[`'12:00'`, `'12:00:00.000001'`]]],
  zoned: ['timetz', [`'12:00+05:30'`], [[`'12:00+01'`, `'11:00+00'`]]],
  moment: ['timestamp', [`'-infinity'`], [[`'2024-01-01'`, `'2024-01-01 00:00:00.000001'`]]],
  instant: ['timestamptz', [`'2024-06-01 12:00:00.123456+02'`], [[`'2024-01-01 00:00+00'`, `'2024-01-01 00:00+01'`]]],
  span: ['interval', [`'1 year 2 days -3 seconds'`], [[`'1 day'`, `'24 hours'`]]],
  uuid: [
    'uuid',
    [`'00000000-0000-0000-0000-000000000001'`],
    [[`'00000000-0000-0000-0000-000000000001'`, `'00000000-0000-0000-0000-000000000002'`]],
  ],
  json: ['json', [`'{"a": [1, null]}'`], [[`'{"a":1}'`, `'{"a": 1}'`]]],
  jsonb: ['jsonb', [`'{"a": [1, {"b": null}], "ü": "x"}'`], [[`'{"a": 1.0}'`, `'{"a": 1.00}'`]]],
  xml: ['xml', [`'<a b="1"/>'`], [[`'<a/>'`, `'<b/>'`]]],
  address: ['inet', [`'::1/64'`], [[`'10.0.0.1'`, `'10.0.0.1/8'`]]],
  network: ['cidr', [`'10.0.0.0/8'`], [[`'10.0.0.0/8'`, `'10.0.0.0/9'`]]],
  card: ['macaddr', [`'08:00:2b:01:02:03'`], [[`'08:00:2b:01:02:03'`, `'08:00:2b:01:02:04'`]]],
  bits: ['varbit', [`'101'`], [[`'1'`, `'10'`]]],
  money: ['money', [`'12.50'`], [[`'1'`, `'2'`]]],
  point: ['point', [`'(0.1,-0)'`], [[`'(0,0)'`, `'(-0,0)'`]]],
  circle: ['circle', [`'<(1,2),3>'`], [[`'<(1,2),3>'`, `'<(1,2),4>'`]]],
  polygon: ['polygon', [`'((0,0),(1,1),(2,0))'`], [[`'((0,0),(1,1))'`, `'((1,1),(0,0))'`]]],
  words: ['tsvector', [`'a:1 b:2'`], [[`'a:1'`, `'a:2'`]]],
  relation: ['regclass', [`'pg_class'`], [[`'pg_class'`, `'pg_type'`]]],
  mood: ['"My Types"."Mood"', [`'sad "quoted"'`], [[`'happy'`, `'sad "quoted"'`]]],
  moods: ['"My Types"."Mood"[]', [`'{happy,NULL}'`, `'{}'`], [[`'{happy}'`, `'{happy,happy}'`]]],
  pair: [
    '"My Types".pair',
    [`row(1, 'happy')`, 'row(null, null)'],
    [
      [`row(1, null)`, `row(1, 'happy')`],
      ['row(null, null)', 'null'],
    ],
  ],
  positive: ['"My Types".positive', ['7'], [['7', '8']]],
  ratio: ['"My Types".ratio', ['0.1'], [['0', `'-0'`]]],
  email: ['"My Types".email', [`'a@b.c'`], [[`'a@b.c'`, `'A@b.c'`]]],
  matrix: [
    'int[]',
    [`'{{1,2},{3,4}}'`, `'{}'`],
    [
      [`'{{1}}'`, `'{1}'`],
      [`'[2:2]={1}'`, `'{1}'`],
    ],
  ],
  doubles: ['float8[]', [`'{0.5,NaN,-0}'`], [[`'{0}'`, `'{-0}'`]]],
  range: ['int4range', [`'empty'`, `'[1,)'`], [[`'[1,2)'`, `'[1,3)'`]]],
  feelings: ['"My Types".feelings', [`'[happy,"sad \\"quoted\\""]'`], [[`'[happy,happy]'`, `'empty'`]]],
  loose: ['citext', [`'AbC'`], [[`'AbC'`, `'abc'`]]],
  bag: ['hstore', [`'a=>1,b=>NULL'`], [[`'a=>1'`, `'a=>2'`]]],
};

/** Tables of one column each, named as the column, so that none reaches the number of rows at which a report stops. */
const tables = Object.entries(COLUMNS).map(([name, [type, values, changes]]) => {
  const rows = [...values, 'null', ...changes.map(([source]) => source)];
  return {
    create: `create table t_${name} (id int primary key, "V ""${name}""" ${type});
insert into t_${name} values ${rows.map((value, n) => `(${n}, ${value})`).join(', ')};`,
    change: changes
      .map(([, target], n) => `update t_${name} set "V ""${name}""" = ${target} where id = ${values.length + 1 + n};`)
      .join('\n'),
    expected: changes.map((_, n) => `t_${name}: id = ${values.length + 1 + n} changed V "${name}"`),
  };
});

const TYPES = `
create extension citext;
create extension hstore;
create schema "My Types";
create type "My Types"."Mood" as enum ('happy', 'sad "quoted"');
create type "My Types".pair as (a int, b "My Types"."Mood");
create domain "My Types".positive as bigint check (value > 0);
create domain "My Types".ratio as float8 check (value < 100);
create domain "My Types".email as text check (value like '%@%');
create type "My Types".feelings as range (subtype = "My Types"."Mood");
`;
const SCHEMA = TYPES + tables.map(({ create }) => create).join('\n');
/** The same types get other OIDs. */
const OTHER_OIDS = `create type public.earlier as enum ('x', 'y'); create table public.earlier_still (); drop table public.earlier_still;`;

describe.each([
  [15, 18],
  [11, 17],
  [13, 18],
  [17, 18],
] as const)('the comparison of values of every type, from version %i to %i', (source: ServerVersion, target: 17 | 18) => {
  it('finds equal values equal, and each difference', async () => {
    const world = await startWorld({ source, target });
    try {
      await world.source(`set xmloption = content; ${SCHEMA}`);
      await world.target(`${OTHER_OIDS} ${SCHEMA}`);
      // Settings that change how values print must not matter.
      await world.source(`alter database "${world.database.name.replaceAll('"', '""')}" set datestyle = 'German, DMY'`);
      await world.target(`alter database "${world.database.name.replaceAll('"', '""')}" set timezone = 'Asia/Kolkata'`);
      await world.target(`grant usage on schema "My Types" to public; grant select on all tables in schema public to public`);
      await world.source(`grant usage on schema "My Types" to public; grant select on all tables in schema public to public`);
      await letReadersIn(world);
      const before = await finished(world);
      expect(rowsFound(before)).toEqual([]);
      expect(before.tables).toBe(tables.length);

      await world.target(tables.map(({ change }) => change).join('\n'));
      expect(rowsFound(await finished(world))).toEqual(tables.flatMap(({ expected }) => expected).sort());
    } finally {
      await world.destroy();
    }
  });
});
