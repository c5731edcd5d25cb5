/** Reports as a page may get them. */
import type { MigrationReport } from '../../lambdas/report/model.ts';
import { REPORT_VERSION } from '../../lambdas/report/model.ts';

export const START = Date.parse('2026-03-02T08:00:00.000Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MINUTES = 24 * 60;

const at = (ms: number): string => new Date(START + ms).toISOString();

type Sample = MigrationReport['copy']['copied'][number];

/** One a minute. @param value by the number of the minute */
export const everyMinute = (minutes: number, value: (minute: number) => number): Sample[] =>
  Array.from({ length: minutes }, (_, minute) => [START + minute * MINUTE_MS, value(minute)]);

const LENGTHS: readonly (readonly [string, number])[] = [
  ['ConfigureSource', 4],
  ['CopySchema', 2],
  ['SeedCopy', 1],
  ['CopyInParts', 260],
  ['BuildKeys', 35],
  ['CreateSubscription', 1],
  ['AwaitCopy', 25],
  ['BuildIndexes', 90],
  ['AwaitConvergence', 3],
  ['SyncSequences', 1],
  ['CompareData', 48],
];

function statesFrom(begin: number): MigrationReport['executions'][number]['states'] {
  let from = begin;
  return LENGTHS.map(([name, minutes]) => {
    const startedAt = at(from);
    from += minutes * MINUTE_MS;
    return { name, startedAt, endedAt: at(from), visits: minutes > 10 ? Math.ceil(minutes / 7) : 1 };
  });
}

const copyMinutes = 326;

/** A migration there and back and there again, with everything that a report can have. */
const whole: MigrationReport = {
  version: REPORT_VERSION,
  writtenAt: at(80 * HOUR_MS),
  stack: 'ShopMigration',
  database: 'shop',
  sides: { source: 'Aurora PostgreSQL 15 (shop-cluster)', target: 'PlanetScale (acme/shop)' },
  outcome: { code: 'on PlanetScale', says: 'Switched. PlanetScale serves the application.' },
  answers: {
    moved: '212 tables with 1,204,331,208 rows, 812 GB, 190 sequences and 7 roles, in parts (412 parts).',
    took: '3 d 4 h from the start of Preflight to the end of Cutover. The copy took 5 h 26 min of it.',
    without: 'Aurora to PlanetScale: writes waited for 212 ms.',
    proved: '212 of 212 tables equal, all rows compared value by value while changes flowed.',
    left: '2 things to know, listed below.',
    cost: 'About $118.40 at list prices.',
  },
  executions: [
    {
      ...{ machine: 'Preflight', execution: 'preflight-1', status: 'FAILED', startedAt: at(0), endedAt: at(80_000), seconds: 80 },
      ...{ error: 'NotReady', cause: 'One thing stands in the way of the migration. Source and target are untouched.' },
      states: [{ name: 'CheckReadiness', startedAt: at(500), endedAt: at(80_000), visits: 1 }],
    },
    {
      ...{
        machine: 'Replicate',
        execution: 'replicate-1',
        status: 'SUCCEEDED',
        startedAt: at(HOUR_MS),
        endedAt: at(HOUR_MS + 470 * MINUTE_MS),
      },
      ...{ seconds: 28_200, error: null, cause: null, states: statesFrom(HOUR_MS) },
    },
    {
      ...{
        machine: 'Cutover',
        execution: 'cutover-1',
        status: 'SUCCEEDED',
        startedAt: at(72 * HOUR_MS),
        endedAt: at(72 * HOUR_MS + 95_000),
      },
      ...{ seconds: 95, error: null, cause: null },
      states: [
        { name: 'CheckCutover', startedAt: at(72 * HOUR_MS), endedAt: at(72 * HOUR_MS + 21_000), visits: 1 },
        { name: 'SwitchOver', startedAt: at(72 * HOUR_MS + 21_000), endedAt: at(72 * HOUR_MS + 95_000), visits: 1 },
      ],
    },
  ],
  copy: {
    ...{ way: 'parts', parts: 412, bytes: 812_000_000_000, seconds: copyMinutes * 60 },
    copied: everyMinute(copyMinutes, (minute) => (812e9 * minute) / copyMinutes),
    total: everyMinute(copyMinutes, () => 812e9),
  },
  stream: {
    lagMilliseconds: everyMinute(4000, (minute) => (minute < 60 ? 900_000 - minute * 15_000 : 60 + ((minute * 37) % 90))),
    lagBytes: everyMinute(4000, (minute) => (minute < 60 ? 4e9 - minute * 6e7 : (minute * 7919) % 90_000)),
    walKeptBytes: everyMinute(4000, (minute) => (minute < 300 ? minute * 2e8 : 67_108_864)),
  },
  switches: [
    {
      ...{ machine: 'Cutover', execution: 'cutover-1', from: 'source', to: 'target', at: at(72 * HOUR_MS + 90_000) },
      parts: [
        { name: 'fence', ms: 38.5 },
        { name: 'convergence', ms: 61.2 },
        { name: 'sequences', ms: 41 },
        { name: 'reverse', ms: 32.1 },
        { name: 'switch', ms: 39 },
      ],
      ...{ fencedMs: 212.4, writersPauseMs: 341.7, roundTrips: { source: 6, target: 5, inSequence: 10 } },
    },
  ],
  comparison: { at: at(9 * HOUR_MS), tables: 4, rows: 1_204_331_208, bytes: 812_000_000_000, different: [], moreDifferent: 0 },
  tables: [
    { schema: 'public', table: 'event', bytes: 600e9, toastBytes: 120e9, rows: 900_000_000, compared: 'equal' },
    { schema: 'public', table: 'order_line', bytes: 180e9, toastBytes: 8192, rows: 300_000_000, compared: 'equal' },
    { schema: 'public', table: 'order', bytes: 31e9, toastBytes: 0, rows: 4_331_000, compared: 'equal' },
    { schema: 'public', table: 'country', bytes: 16_384, toastBytes: null, rows: 208, compared: 'equal' },
  ],
  moreTables: 0,
  sequences: { count: 190, behind: [], atTheirBound: ['public.ticket_id_seq'], cycling: [], differing: [] },
  indexes: [
    { kind: 'primary key', done: 212, of: 212 },
    { kind: 'index', done: 530, of: 531 },
  ],
  indexFailures: ['public.event_payload_idx: out of disk'],
  access: { carried: true, roles: 7, made: 5 },
  findings: [
    {
      ...{ code: 'WalLevelWillChange', severity: 'warning', objects: ['wal_level = replica'], more: 0, machine: 'Replicate' },
      ...{
        message: 'The source does not decode its WAL logically yet.',
        remedy: 'Plan a reboot.',
        execution: 'replicate-1',
        became: 'stays',
      },
    },
    {
      ...{ code: 'NoPrimaryKey', severity: 'blocker', objects: ['public.log', 'public.trace'], more: 3, machine: 'Preflight' },
      ...{ message: 'These tables have no key.', remedy: 'Give them one.', execution: 'preflight-1', became: 'gone' },
    },
  ],
  left: ['Sequences without numbers left on the target: public.ticket_id_seq.', 'The cluster has still to be rebooted.'],
  forecast: [
    { name: 'tableBytes', label: 'Size of the tables', unit: 'bytes', forecast: 790e9, source: 'pg_table_size of each.', fact: 812e9 },
    { name: 'copyInParts', label: 'Copy in parts', unit: 'seconds', forecast: 18_000, source: 'Sixteen workers.', fact: 19_560 },
    { name: 'fence', label: 'Writes wait at the switch', unit: 'milliseconds', forecast: 80, source: 'Round trips.', fact: 212.4 },
    { name: 'bandwidth', label: 'Speed of a stream', unit: 'bytes/s', forecast: null, source: 'Not measured.', fact: null },
  ],
  costs: [
    { item: 'Rows on their way out', dollars: 73.08, source: '812 GB at 0.09 per GB.' },
    { item: 'Workers of the copy', dollars: null, source: 'How many worked is not known.' },
  ],
  writes: [{ execution: 'cutover-1', pauseMs: 341.7, acknowledged: 88_231, lost: 0, duplicated: 0 }],
  links: {
    'Cutover cutover-1': 'https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/cutover-1',
    Dashboard: 'https://eu-central-1.console.aws.amazon.com/cloudwatch/home#dashboards/dashboard/ShopMigration',
  },
};

export const reportWith = (overrides: Partial<MigrationReport> = {}): MigrationReport => ({ ...whole, ...overrides });

/** Where nothing was started: every list is empty, and nothing is known. */
export const emptyReport = (): MigrationReport =>
  reportWith({
    outcome: { code: 'nothing moved', says: 'Nothing was moved.' },
    ...{ executions: [], switches: [], comparison: null, tables: [], sequences: null, indexes: [], indexFailures: [], access: null },
    copy: { way: null, parts: 0, bytes: null, seconds: null, copied: [], total: [] },
    stream: { lagMilliseconds: [], lagBytes: [], walKeptBytes: [] },
    ...{ findings: [], left: [], forecast: [], costs: [], writes: [], links: {} },
  });

/** Names as long as PostgreSQL allows. */
const longName = (start: string, number: number): string => `${start}_${number}_`.padEnd(63, 'ü<&"');

const repeated = <One>(count: number, one: (number: number) => One): One[] => Array.from({ length: count }, (_, number) => one(number));

/** 5,000 tables, series of 90 days at a minute each, and every list far longer than a page can show. */
export function immenseReport(): MigrationReport {
  const minutes = 90 * DAY_MINUTES;
  const wave = (minute: number): number => 1e9 + 9e8 * Math.sin(minute / 500) + ((minute * 7919) % 1e8);
  const series = everyMinute(minutes, wave);
  const names = repeated(5000, (number) => longName('sequence', number));
  const [execution] = whole.executions.slice(1);
  const [finding] = whole.findings;
  const [switched] = whole.switches;
  if (!execution || !finding || !switched) throw new Error('The report that all others are made of lacks something.');
  const text = 'Says <much> & "more" than anybody reads. '.repeat(800);
  const tables = repeated(5000, (number) => ({
    ...{ schema: longName('schema', number % 50), table: longName('table', number), bytes: 1e12 - number * 1e7, toastBytes: number * 1000 },
    ...{ rows: number * 1_000_003, compared: number % 500 === 499 ? ('different' as const) : ('equal' as const) },
  }));
  return reportWith({
    ...{ tables, moreTables: 17, indexFailures: names, left: repeated(400, () => text) },
    executions: repeated(400, (number) => ({
      ...execution,
      ...{
        machine: (['Pace', 'Replicate', 'Cutover', 'Rollback', 'Recovery', 'Cleanup'] as const)[number % 6] ?? 'Pace',
        execution: `${number}`.padEnd(80, 'é'),
      },
      ...{ status: 'FAILED' as const, error: text, cause: text },
      states: repeated(80, (state) => ({
        name: `State${state}`.padEnd(60, 'x'),
        startedAt: at(state * 1000),
        endedAt: at(state * 2000),
        visits: 3,
      })),
    })),
    copy: { ...whole.copy, copied: series, total: series },
    stream: { lagMilliseconds: series, lagBytes: series, walKeptBytes: series },
    switches: repeated(60, () => ({ ...switched, parts: repeated(40, (part) => ({ name: `part ${part}`, ms: part })) })),
    comparison: {
      ...{ at: at(HOUR_MS), tables: 5017, rows: 1e12, bytes: 1e15, moreDifferent: 100 },
      different: tables.filter(({ compared }) => compared === 'different').map(({ schema, table }) => ({ schema, table, says: text })),
    },
    sequences: { count: 5000, behind: names, atTheirBound: names, cycling: names, differing: names },
    indexes: repeated(200, (kind) => ({ kind: `kind ${kind}`, done: 1, of: 2 })),
    findings: repeated(300, () => ({ ...finding, objects: names, message: text, remedy: text })),
    forecast: repeated(60, () => ({
      name: 'tables' as const,
      label: 'Tables',
      unit: 'count' as const,
      forecast: 1,
      source: text,
      fact: 2,
    })),
    costs: repeated(90, () => ({ item: 'An item', dollars: 1, source: text })),
    writes: repeated(200, () => ({ execution: 'one', pauseMs: 1, acknowledged: 1, lost: 1, duplicated: 1 })),
    links: Object.fromEntries(repeated(500, (number) => [`Place ${number}`, `https://example.com/${'x'.repeat(300)}`])),
  });
}
