import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TargetNotKnown } from '../../../lambdas/config/errors.ts';
import { parseInput } from '../../../lambdas/config/input.ts';
import { jsonBytes } from '../../../lambdas/config/json.ts';
import type { FigureName } from '../../../lambdas/forecast/forecast.ts';
import { FIGURES } from '../../../lambdas/forecast/forecast.ts';
import { forecastOf } from '../../../lambdas/forecast/foretell.ts';
import { type Known, Patience, whyNot } from '../../../lambdas/forecast/known.ts';
import type { TableSize } from '../../../lambdas/forecast/look.sql.ts';
import type { Seen } from '../../../lambdas/forecast/look.ts';
import { PRICES } from '../../../lambdas/forecast/prices.ts';

const MEGABYTE = 1_000_000;
const GIBIBYTE = 1024 ** 3;
const is = <Value>(value: Value): Known<Value> => ({ known: true, value });
const not = (why = 'It was refused.'): Known<never> => ({ known: false, why });

const tableOf = (n: number, given: Partial<TableSize> = {}): TableSize => ({
  ...{ oid: n, schema: 'public', table: `t${n}`, bytes: 100 * MEGABYTE, toastBytes: MEGABYTE, indexes: 2, indexBytes: 40 * MEGABYTE },
  ...{ largestIndexBytes: 30 * MEGABYTE, rows: 1000, locked: false, ...given },
});
const room = { most: 200, reserved: 3, others: 20, databaseLimit: null, databaseOthers: 10, copyLimit: null, ownLimit: null, ownOthers: 0 };
const trip = (milliseconds: number) => is({ milliseconds, of: 9 });
const speed = (bytesPerSecond: number) => is({ bytesPerSecond, bytes: bytesPerSecond, seconds: 1 });

const seenOf = (given: Partial<Seen> = {}, input: Readonly<Record<string, unknown>> = {}): Seen => ({
  input: parseInput(input),
  version: 15,
  databaseBytes: is(500 * MEGABYTE),
  tables: is([tableOf(1), tableOf(2)]),
  objects: is({ parents: 0, sequences: 1000 }),
  wal: is({
    before: { bytes: 1000, at: 100, startedAt: 1, walLevel: 'replica' },
    after: { bytes: 1000 + 20 * MEGABYTE, at: 120, startedAt: 1, walLevel: 'replica' },
  }),
  walStatistics: is({ count: 7_200 * MEGABYTE, at: 120, seconds: 36_000 }),
  transactions: is({ before: { count: 10, at: 100, seconds: 5 }, after: { count: 212, at: 120, seconds: 25 } }),
  longest: is(undefined),
  room: { source: is(room), target: is(room) },
  roundTrip: { source: trip(2), target: trip(5) },
  bandwidth: { source: speed(10 * MEGABYTE), target: speed(80 * MEGABYTE) },
  otherBytes: is(GIBIBYTE),
  syncWorkers: is(4),
  concurrency: is(undefined),
  ...given,
});
const foretold = (seen: Seen) => {
  const forecast = forecastOf(seen);
  const figures = new Map(forecast.figures.map((one) => [one.name, one]));
  return { forecast, value: (name: FigureName) => figures.get(name)?.value, source: (name: FigureName) => figures.get(name)?.source };
};

describe('a forecast', () => {
  it('tells every figure in the order of its list, each with a sentence', () => {
    const { forecast } = foretold(seenOf());
    expect(forecast.figures.map(({ name }) => name)).toEqual(Object.keys(FIGURES));
    for (const { name, value, source } of forecast.figures) {
      expect(value, name).not.toBeNull();
      expect(source, name).toMatch(/^.{10,}\.$/);
    }
  });

  it('computes from what was seen', () => {
    const { value } = foretold(seenOf());
    expect(value('walPerHour')).toBe(3_600 * MEGABYTE);
    expect(value('walPerHourByStatistics')).toBe(720 * MEGABYTE);
    expect(value('transactionsPerSecond')).toBe(10.1);
    expect(value('longestTransaction')).toBe(0);
    expect(value('bandwidth')).toBe(10 * MEGABYTE);
    expect(value('copyByStream')).toBe(10.092); // two tables side by side
    expect(value('copyInParts')).toBe(10.024); // each is one part
    expect(value('walKept')).toBe(10_092_000);
    expect(value('targetRoom')).toBe(2 * GIBIBYTE);
    expect(value('buildIndexes')).toBe(2); // 80 MB by two builds of 20 MB/s
    expect(value('fence')).toBeCloseTo(65 + 10 * 5 + 1000 * 0.0746 + 10 + 50, 3);
  });

  it('reckons with the tables that take longest alone, and with parts where they are large', () => {
    const large = [tableOf(1, { bytes: 100 * GIBIBYTE }), tableOf(2)];
    const { forecast, value, source } = foretold(seenOf({ tables: is(large) }, { forecastMegabytesPerSecond: 100 }));
    expect(value('copyByStream')).toBeCloseTo((100 * GIBIBYTE) / (100 * MEGABYTE) + 0.092, 2);
    expect(source('copyByStream')).toContain('The largest table alone takes that long.');
    expect(value('copyInParts')).toBeCloseTo((100 * GIBIBYTE + 100 * MEGABYTE) / (800 * MEGABYTE) + 0.024, 2);
    expect(forecast.way).toBe('parts');
    expect(forecast.costs.find(({ item }) => item === 'Rows through a NAT gateway')?.dollars).toBe(4.84);
    expect(foretold(seenOf({ tables: is(large), version: 13 })).source('copyInParts')).toContain('Before version 14');
    const paused = foretold(seenOf({ tables: is(large) }, { copyWorkers: 0 }));
    expect([paused.value('copyInParts'), paused.value('walKept')]).toEqual([null, null]);
  });

  it('never takes a stream for faster than rows are written', () => {
    const { value, source } = foretold(seenOf({ bandwidth: { source: speed(900 * MEGABYTE), target: not() } }));
    expect(value('bandwidth')).toBe(40 * MEGABYTE);
    expect(source('bandwidth')).toContain('assumed to bring 40 MB/s at most');
  });

  it('reckons with the greater of both rates of WAL, and with one where the other is not known', () => {
    const counted = seenOf({ walStatistics: is({ count: 36_000 * MEGABYTE, at: 1, seconds: 3_600 }) });
    expect(foretold(counted).source('walKept')).toMatch(/^WAL by the statistics, 36.0 GB an hour/);
    expect(foretold(seenOf({ wal: not() })).value('walKept')).toBe(2_018_400);
    const justLoaded = is({ count: 36_000 * MEGABYTE, at: 1, seconds: 19 });
    expect(foretold(seenOf({ walStatistics: justLoaded })).source('walKept')).toMatch(/^WAL as measured/);
    const none = foretold(
      seenOf({ wal: not('Function pg_current_wal_lsn() is not supported.'), walStatistics: is({ count: 0, at: 1, seconds: 9 }) }),
    );
    expect(none.value('walKept')).toBeNull();
    expect(none.source('walPerHour')).toContain('not supported');
    expect(none.source('walPerHourByStatistics')).toContain('as Aurora may not');
    expect(none.source('dollars')).toContain('Changes on their way');
  });

  it('does not take a restart, or counters that were reset, for a rate', () => {
    const before = { bytes: 1000, at: 100, startedAt: 1, walLevel: 'logical' };
    const wal = (after: object) => foretold(seenOf({ wal: is({ before, after: { ...before, at: 120, ...after } }) }));
    expect(wal({ startedAt: 110, bytes: 5000 }).source('walPerHour')).toContain('restarted');
    expect(wal({ bytes: 10 }).value('walPerHour')).toBeNull();
    expect(wal({}).source('walPerHour')).toContain('did not move');
    const counters = { before: { count: 500, at: 1, seconds: 9 }, after: { count: 3, at: 21, seconds: 1 } };
    expect(foretold(seenOf({ transactions: is(counters) })).value('transactionsPerSecond')).toBeNull();
  });

  it('without watching takes what the server has counted since a reset that it knows', () => {
    const once = (seconds: number | null) => is({ before: { count: 600, at: 9, seconds }, after: { count: 600, at: 9, seconds } });
    const still = (seconds: number | null) => foretold(seenOf({ transactions: once(seconds) }, { forecastSeconds: 0 }));
    expect(still(60).value('transactionsPerSecond')).toBe(10);
    expect(still(60).value('walPerHour')).toBeNull();
    expect(still(null).source('transactionsPerSecond')).toContain('does not say since when');
  });

  it('names tables that are locked and of which the planner knows nothing, and does not call them empty', () => {
    const tables = is([tableOf(1), tableOf(2, { locked: true, bytes: 0, rows: null })]);
    expect(foretold(seenOf({ tables })).source('tableBytes')).toContain('1 has no pages there');
    expect(foretold(seenOf({ tables })).source('rows')).toContain('1 table was never analyzed');
  });

  it('asks nothing any more once its time is over', async () => {
    let asked = 0;
    const ask = async () => {
      asked += 1;
      return asked;
    };
    expect(await new Patience(0).find(ask)).toMatchObject({ known: false });
    expect(asked).toBe(0);
    expect(await new Patience(0).find(ask, 1_000)).toEqual({ known: true, value: 1 });
  });

  it('counts rows that are estimated, and says of how many tables nobody knows', () => {
    const rows = (...all: (number | null)[]) => foretold(seenOf({ tables: is(all.map((one, n) => tableOf(n, { rows: one }))) }));
    expect(rows(5, null).value('rows')).toBe(5);
    expect(rows(5, null).source('rows')).toContain('1 table was never analyzed');
    expect(rows(null, null).value('rows')).toBeNull();
    expect(rows().value('rows')).toBe(0);
  });

  it('tells nothing where nothing is known, and why', () => {
    const nothing = not('The server was away.');
    const { forecast } = foretold(
      seenOf({
        ...{ databaseBytes: nothing, tables: nothing, objects: nothing, wal: nothing, walStatistics: nothing, transactions: nothing },
        ...{ longest: nothing, otherBytes: nothing, syncWorkers: nothing, concurrency: nothing },
        ...{ room: { source: nothing, target: nothing }, roundTrip: { source: nothing, target: nothing } },
        bandwidth: { source: nothing, target: nothing },
      }),
    );
    for (const { name, value, source } of forecast.figures) {
      expect(value, name).toBeNull();
      expect(source, name).toMatch(/away|not known/);
    }
    expect(forecast).toMatchObject({ way: null, largest: [], moreTables: 0 });
  });

  it('stays small with 5,000 tables, whatever they are called', () => {
    const name = (n: number) => `${'\u0001'.repeat(58)}${n}`;
    const tables = Array.from({ length: 5_000 }, (_, n) => tableOf(n, { schema: name(n), table: name(n), bytes: n }));
    const { forecast } = foretold(seenOf({ tables: is(tables) }));
    expect(jsonBytes(forecast)).toBeLessThan(48_000);
    expect(forecast.largest.length).toBeGreaterThan(30);
    expect(forecast.largest[0]?.bytes).toBe(4_999);
    expect(forecast.largest.length + forecast.moreTables).toBe(5_000);
    const plain = foretold(seenOf({ tables: is(tables.map((table, n) => ({ ...table, schema: 'public', table: `t${n}` }))) })).forecast;
    expect([plain.largest.length, plain.moreTables]).toEqual([50, 4_950]);
  });
});

describe('a look', () => {
  it('that is not answered in time is given up', async () => {
    const found = await new Patience(1).find(() => new Promise<never>(() => {}));
    expect(found).toEqual({ known: false, why: 'It was not answered within the time that a forecast has.' });
  });

  it('that fails says why, and no more of a long message than its beginning', () => {
    expect(whyNot(new TargetNotKnown('secret'))).toBe('The target has no login yet, so it was not asked.');
    expect(whyNot(new Error('x'.repeat(9_000))).length).toBeLessThan(300);
  });
});

describe('prices', () => {
  it('are those of docs/costs.md', () => {
    const document = readFileSync(new URL('../../../docs/costs.md', import.meta.url), 'utf8');
    expect(document).toContain(`| **together** | **5.23** | **${PRICES.stackAMonth}** |`);
    expect(document).toContain(`0.5 GB × seconds × ${String(PRICES.functionGbSecond).slice(0, 9)}`);
    expect(document).toContain(`**NAT**: ${PRICES.gbNat} per GB`);
    expect(document).toContain(`about ${PRICES.gbOut * 1000} to anywhere else`);
    expect(document).toContain('0.10 per GB and month');
    expect(PRICES.gbStoredAMonth).toBe(0.1);
  });
});
