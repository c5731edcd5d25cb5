import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { CannotConnect } from '../../../lambdas/config/errors.ts';
import { FIGURES, type FigureName, type Forecast } from '../../../lambdas/forecast/forecast.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type VisitOptions, type World } from '../../support/world.ts';

const STATISTICS = { forecastSeconds: 0 };
/** 63 bytes, and whatever a page or a console could trip over. */
const NASTY = '"<script>alert(1)</script> \' \u202e\u{1F600} ""quoted"""';

async function foretell(world: World, options: VisitOptions = { input: STATISTICS }) {
  const { verdict, evidence } = await world.visit('Forecast', options);
  expect(verdict).toBe('done');
  const forecast = evidence as Forecast;
  expect(forecast.figures.map(({ name }) => name)).toEqual(Object.keys(FIGURES));
  for (const { name, source } of forecast.figures) expect(source, name).toMatch(/^.{10,}\.$/s);
  expect(forecast.says).toHaveLength(forecast.figures.length);
  const of = (name: FigureName) => forecast.figures.find((one) => one.name === name);
  return { forecast, value: (name: FigureName) => of(name)?.value, source: (name: FigureName) => of(name)?.source };
}

/** Figures without a number. */
const unknownIn = ({ figures }: Forecast): string[] => figures.filter(({ value }) => value === null).map(({ name }) => name);

describe.each(versions([11, 17] as const, [13, 18] as const, [15, 17] as const, [17, 18] as const, [18, 18] as const))(
  'Forecast of %i to %i',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target, sourceParameters: { autovacuum: 'off' } });
      await world.asSourceRole(`
        create schema ${NASTY};
        create table ${NASTY}.${NASTY} (id bigserial primary key, body text);
        alter table ${NASTY}.${NASTY} alter body set storage external;
        insert into ${NASTY}.${NASTY} (body) select repeat('x', 10000) from generate_series(1, 200);
        create index on ${NASTY}.${NASTY} (length(body));
        create table parent (id int primary key, at int) partition by range (id);
        create table leaf partition of parent for values from (0) to (1000);
        insert into leaf select n, n from generate_series(0, 999) as n;
        create table never (id int primary key); insert into never select generate_series(1, 100);
        create table excluded (id int primary key); insert into excluded select generate_series(1, 10000);
        create unlogged table unlogged (id int); insert into unlogged select generate_series(1, 10000);
        analyze ${NASTY}.${NASTY}; analyze leaf;
      `);
    });
    afterAll(() => world?.destroy());

    it('tells every figure with its source, from measurements and from statistics', async () => {
      const writing = setInterval(() => void world.asSourceRole('update leaf set at = at + 1').catch(() => {}), 50);
      const input = { forecastSeconds: 3, excludeTables: ['public.excluded'], replicaIdentity: 'full' };
      const { forecast, value, source: says } = await foretell(world, { input }).finally(() => clearInterval(writing));
      expect(unknownIn(forecast)).toEqual(source < 14 ? ['walPerHourByStatistics'] : []);
      expect(value('tables')).toBe(3);
      expect(says('tables')).toContain('1 partitioned table holds no rows');
      expect(value('rows')).toBe(1200);
      expect(says('rows')).toContain('1 table was never analyzed');
      expect(value('toastBytes')).toBeGreaterThan(2_000_000);
      expect(value('tableBytes')).toBeGreaterThan(value('toastBytes') ?? 0);
      expect(value('databaseBytes')).toBeGreaterThan(value('tableBytes') ?? 0);
      expect(value('walPerHour')).toBeGreaterThan(0);
      expect(says('walPerHour')).toMatch(/^Measured on the source, of the whole server: pg_current_wal_lsn twice, \d/);
      expect(value('transactionsPerSecond')).toBeGreaterThan(0);
      expect(value('indexes')).toBe(4);
      expect(value('sequences')).toBe(1);
      expect(value('targetRoom')).toBe(1024 ** 3);
      expect(value('bandwidth')).toBeLessThanOrEqual(40_000_000);
      for (const name of ['copyByStream', 'copyInParts', 'roundTripSource', 'roundTripTarget', 'fence'] as const)
        expect(value(name), name).toBeGreaterThan(0);
      expect(forecast.way).toBe('stream');
      expect(forecast.largest.map(({ table, rows }) => [table, rows])).toEqual([
        ['<script>alert(1)</script> \' \u202e\u{1F600} "quoted"', 200],
        ['leaf', 1000],
        ['never', null],
      ]);
      expect(forecast.largest[0]?.indexBytes).toBeGreaterThan(0);
      expect(forecast.moreTables).toBe(0);
    });

    it('assumes what the input says, and names the key', async () => {
      const input = {
        ...STATISTICS,
        ...{ forecastMegabytesPerSecond: 1, forecastIndexMegabytesPerSecond: 1, forecastDays: 365, forecastDollarsPerTerabyte: 10_000 },
        ...{ copy: 'parts', copyWorkers: 1, indexWorkers: 1 },
      };
      const { forecast, value, source: says } = await foretell(world, { input });
      expect(value('bandwidth')).toBe(1_000_000);
      expect(says('bandwidth')).toContain('forecastMegabytesPerSecond');
      expect(value('copyInParts')).toBeCloseTo((value('tableBytes') ?? 0) / 1_000_000 + 4 * 0.012, 1);
      expect(says('buildIndexes')).toContain('forecastIndexMegabytesPerSecond');
      expect(forecast.way).toBe('parts');
      expect(forecast.costs.find(({ item }) => item === 'The stack')).toMatchObject({ dollars: 165.35 });
      expect(forecast.costs.map(({ source: words }) => words).join(' ')).toContain('forecastDollarsPerTerabyte');
      expect(value('walPerHour')).toBeNull();
      expect(says('walPerHour')).toContain('"forecastSeconds": 0');
    });

    it('does not wait for a table that another session has locked', async () => {
      const locker = new pg.Client(clientConfig(world.pair.source.superuser(world.database.name), 'test'));
      await locker.connect();
      try {
        await locker.query('begin; lock table leaf in access exclusive mode');
        const { value, source: says } = await foretell(world);
        expect(value('tables')).toBe(4);
        expect(says('tableBytes')).toContain('1 table was locked by another session');
        expect(value('longestTransaction')).toBeGreaterThan(0);
        expect(says('longestTransaction')).toMatch(/process \d+ of/);
      } finally {
        await locker.end();
      }
    });

    it('does not wait for an index that is being built anew', async () => {
      const locker = new pg.Client(clientConfig(world.pair.source.superuser(world.database.name), 'test'));
      await locker.connect();
      try {
        await locker.query('begin; reindex table leaf');
        const { value, source: says } = await foretell(world);
        expect(value('tables')).toBe(4);
        expect(says('tableBytes')).toContain('1 table was locked by another session');
      } finally {
        await locker.end();
      }
    });

    it('survives a source whose functions and views may not be used, figure by figure', async () => {
      const hostile = await world.sibling('hostile');
      await hostile.source(`revoke select on pg_stat_activity, pg_stat_database, pg_locks from public`);
      await hostile.source(`revoke execute on function pg_current_wal_lsn() from public`);
      const { forecast, value, source: says } = await foretell(hostile, { input: { forecastSeconds: 1 } });
      expect(unknownIn(forecast)).toEqual(
        expect.arrayContaining(['tableBytes', 'walPerHour', 'transactionsPerSecond', 'sessions', 'dollars']),
      );
      expect(says('walPerHour')).toContain('permission denied');
      expect(value('databaseBytes')).toBeGreaterThan(0);
      expect(value('fence')).toBeGreaterThan(0);
      expect(forecast).toMatchObject({ way: null, largest: [], moreTables: 0 });
    });
  },
);

describe('Forecast', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());

  it('of an empty database is nothing, and known', async () => {
    const { forecast, value } = await foretell(world);
    for (const name of [
      'tableBytes',
      'toastBytes',
      'tables',
      'rows',
      'copyByStream',
      'copyInParts',
      'indexes',
      'buildIndexes',
      'sequences',
    ] as const)
      expect(value(name), name).toBe(0);
    expect(forecast.way).toBe('stream');
  });

  it('does without the target where there is no login, and tells the source', async () => {
    const unknown = await world.sibling('unknown');
    Object.defineProperty(unknown.places, 'target', { value: undefined });
    const { value, source } = await foretell(unknown);
    expect(value('roundTripTarget')).toBeNull();
    expect(source('roundTripTarget')).toBe('The target has no login yet, so it was not asked.');
    expect(value('fence')).toBeNull();
    expect(value('roundTripSource')).toBeGreaterThan(0);
    expect(value('bandwidth')).toBeGreaterThan(0);
    expect(value('targetRoom')).toBe(0);
    expect(source('targetRoom')).toContain('without other databases there');
  });

  it('does without a target that refuses us, and not without the source', async () => {
    const away = await world.sibling('away');
    const { target, source } = away.places;
    Object.defineProperty(away.places, 'target', { value: { ...target, password: 'wrong' } });
    const told = await foretell(away);
    expect(told.value('roundTripTarget')).toBeNull();
    expect(JSON.stringify(told.forecast)).not.toContain('wrong"');
    expect(told.value('roundTripSource')).toBeGreaterThan(0);
    Object.defineProperty(away.places, 'source', { value: { ...source, password: 'wrong' } });
    await expect(away.visit('Forecast', { input: STATISTICS })).rejects.toThrow(CannotConnect);
  });

  it('tells an ordinary login what it may see', async () => {
    const ordinary = await world.sibling('ordinary');
    await ordinary.source(`create role "plain login" login password 'plain' in role pg_read_all_data`);
    await ordinary.asSourceRole('create table t (id int primary key); insert into t select generate_series(1, 1000)');
    await ordinary.source('grant connect on database ordinary to "plain login"');
    Object.defineProperty(ordinary.places, 'source', { value: { ...ordinary.places.source, user: 'plain login', password: 'plain' } });
    const { forecast, value, source } = await foretell(ordinary, { input: { forecastSeconds: 1 } });
    expect(unknownIn(forecast)).toContain('longestTransaction');
    expect(source('longestTransaction')).toContain('pg_read_all_stats');
    expect(value('tables')).toBe(1);
    expect(value('walPerHour')).not.toBeNull();
  });

  it('ends where a catalog is locked, and tells what can be told without it', async () => {
    const stuck = await world.sibling('stuck');
    const locker = new pg.Client(clientConfig(stuck.pair.source.superuser(stuck.database.name), 'test'));
    await locker.connect();
    try {
      await locker.query('begin; lock table pg_depend in access exclusive mode');
      const { value, source } = await foretell(stuck);
      expect(value('tables')).toBeNull();
      expect(source('tables')).toContain('lock timeout');
      expect(value('roundTripSource')).toBeGreaterThan(0);
      expect(value('bandwidth')).toBeGreaterThan(0);
    } finally {
      await locker.end();
    }
  });

  it('writes nothing: not a transaction id on either side', async () => {
    const ids = () =>
      Promise.all([world.source, world.target].map((sql) => sql('select pg_snapshot_xmax(pg_current_snapshot())::text as xid')));
    const once = async () => {
      const before = await ids();
      await foretell(world);
      return JSON.stringify(await ids()) === JSON.stringify(before);
    };
    expect((await once()) || (await once()) || (await once())).toBe(true);
  });
});
