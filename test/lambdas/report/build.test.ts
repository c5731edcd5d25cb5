import { describe, expect, it } from 'vitest';
import type { ReportedFinding } from '../../../lambdas/checks/report.ts';
import { reportOf } from '../../../lambdas/report/build.ts';
import type { ExecutionHistory, MigrationHistory } from '../../../lambdas/report/history.ts';

const START = Date.UTC(2026, 2, 2, 8);
const at = (second: number): string => new Date(START + second * 1000).toISOString();
const NOW = START + 3_600_000;

const finding = (code: string, severity: 'blocker' | 'warning' = 'warning'): ReportedFinding => ({
  ...{ code, severity, objects: ['a'], more: 0, message: `${code} is so.`, remedy: 'Do something.', statements: [] },
});

let executions = 0;
function execution(
  machine: ExecutionHistory['machine'],
  begin: number,
  end: number,
  more: Partial<ExecutionHistory> = {},
): ExecutionHistory {
  executions += 1;
  return {
    ...{ machine, execution: `${machine} ${executions}`, status: 'SUCCEEDED', startedAt: at(begin), endedAt: at(end) },
    ...{ error: null, cause: null, states: [], evidence: {}, findings: [] },
    ...more,
  };
}
const state = (name: string, begin: number, end: number) => ({ name, startedAt: at(begin), endedAt: at(end), visits: 1 });

const preflight = (...findings: readonly ReportedFinding[]): ExecutionHistory =>
  execution('Preflight', 0, 10, {
    states: [state('CheckReadiness', 5, 10)],
    evidence: {
      Forecast: {
        figures: [
          { name: 'fence', value: 100, source: 'Measured.' },
          { name: 'copyByStream', value: null, source: 'Unknown.' },
        ],
        largest: [{ schema: 'shop', table: 'item', bytes: 900, toastBytes: 100, indexBytes: 1, rows: 7 }],
      },
    },
    findings,
  });
const compared = {
  ...{ tables: 3, rows: 30, bytes: 1_000, moreDifferent: 0, moving: 0, finished: true, cursor: null, different: [] },
  largest: [
    { schema: 'shop', table: 'item', bytes: 950, rows: 20 },
    { schema: 'shop', table: 'sold', bytes: 50, rows: 10 },
  ],
};
const replicate = (more: Partial<ExecutionHistory> = {}): ExecutionHistory =>
  execution('Replicate', 20, 120, {
    states: [
      ...[state('CheckReadiness', 20, 22), state('SeedCopy', 30, 31), state('CreateSubscription', 31, 33), state('AwaitCopy', 33, 50)],
      ...[state('BuildKeys', 31, 31), state('BuildIndexes', 50, 60), state('CompareData', 100, 120)],
    ],
    evidence: {
      CheckReadiness: { blockers: [], warnings: [finding('RowSecurity')] } as never,
      CopySchema: {
        copy: { way: 'stream' },
        copiedAt: at(25),
        statements: 9,
        leftBehind: ['function a.b()'],
        roles: { carried: 4, made: 2 },
      },
      AwaitCopy: { tables: 3, ready: 3, bytesTotal: 990, bytesDone: 990 },
      BuildIndexes: { kinds: { index: { done: 5, running: 0, failed: 1, open: 0 } }, failures: [{ name: 'i', error: 'No room' }] },
      SyncSequences: { sequences: 2, behind: [], atTheirBound: ['shop.s'], cycling: [], differing: [] },
      CompareData: compared,
    },
    ...more,
  });
const switched = (machine: 'Cutover' | 'Rollback', begin: number): ExecutionHistory =>
  execution(machine, begin, begin + 5, {
    evidence: {
      [machine === 'Cutover' ? 'SwitchOver' : 'SwitchBack']: {
        ...{
          serving: machine === 'Cutover' ? 'target' : 'source',
          committedAt: at(begin + 4),
          downtimeMs: 85,
          parts: [{ name: 'fence', ms: 60 }],
          left: [],
          wayBack: 'there',
        },
        ...{ roundTrips: { source: 6, target: 5, inSequence: 10 }, proved: {} },
      },
    },
  });
const cleanup = (more: Partial<ExecutionHistory> = {}): ExecutionHistory =>
  execution('Cleanup', 400, 410, {
    evidence: { DropReplication: { source: {}, target: {} }, RestoreSource: { cluster: 'c', leftAlone: [] } },
    ...more,
  });

const history = (all: readonly ExecutionHistory[], more: Partial<MigrationHistory> = {}): MigrationHistory => ({
  ...{
    stack: 'Shop',
    database: 'shop',
    sides: { source: 'Aurora', target: 'PlanetScale' },
    executions: all,
    series: {},
    writers: [],
    links: {},
  },
  ...more,
});
const report = (...all: readonly ExecutionHistory[]) => reportOf(history(all), NOW);

describe('the outcome of a report', () => {
  it.each([
    ['nothing moved', [preflight()]],
    ['ready', [preflight(), replicate()]],
    ['copying', [preflight(), replicate({ status: 'RUNNING', endedAt: null })]],
    ['failed', [preflight(), replicate({ status: 'FAILED', error: 'CopyStalled' })]],
    ['failed', [replicate({ status: 'TIMED_OUT' })]],
    ['on PlanetScale', [replicate(), switched('Cutover', 200)]],
    ['back on Aurora', [replicate(), switched('Cutover', 200), switched('Rollback', 300)]],
    ['cleaned up', [replicate(), switched('Cutover', 200), cleanup()]],
    ['failed', [replicate(), switched('Cutover', 200), cleanup({ status: 'FAILED' })]],
  ])('is %s', (code, all) => {
    expect(report(...all).outcome.code).toBe(code);
  });

  it('says who serves the application, also after a failure', () => {
    expect(report(replicate()).outcome.says).toContain('Aurora serves the application, as before');
    expect(report(replicate(), switched('Cutover', 200), cleanup({ status: 'FAILED' })).outcome.says).toContain('PlanetScale serves');
    expect(report(replicate(), switched('Cutover', 200), switched('Rollback', 300)).outcome.says).toContain('Aurora serves');
  });

  it('follows from Recovery where that completed a switch, of which nobody knows the time', () => {
    const cutOff = execution('Cutover', 200, 205, { status: 'ABORTED', states: [state('SwitchOver', 201, 205)] });
    const recovered = execution('Recovery', 206, 210, { evidence: { LiftFence: { serving: 'target', gates: {}, interrupted: null } } });
    const { outcome, answers } = report(replicate(), cutOff, recovered);
    expect(outcome).toMatchObject({ code: 'on PlanetScale' });
    expect(answers.without).toMatch(/^Cutover .* began to switch and was cut off/);
    const lifted = execution('Recovery', 206, 210, { evidence: { LiftFence: { serving: 'source', gates: {}, interrupted: null } } });
    const back = report(replicate(), cutOff, lifted);
    expect(back.outcome).toMatchObject({ code: 'failed', says: expect.stringMatching(/^Cutover ended aborted\. Aurora serves/) });
    expect(back.answers.without).not.toContain('Not at all');
  });

  it('is that of a refused switch, though Recovery, which starts by itself, has ended well', () => {
    const refused = execution('Cutover', 200, 205, {
      ...{ status: 'FAILED', error: 'DataDiffers', cause: '1 of 3 tables differ.', states: [state('CompareData', 200, 205)] },
    });
    const recovered = execution('Recovery', 206, 207, { evidence: { LiftFence: { serving: 'source', gates: {}, interrupted: null } } });
    const { outcome, answers, findings } = report(replicate(), refused, recovered);
    expect(outcome.says).toMatch(/^Cutover ended failed: DataDiffers/);
    expect(answers.proved).toMatch(/^The last comparison found differences/);
    expect(answers.without).toMatch(/^Not at all/);
    expect(findings.find(({ code }) => code === 'DataDiffers')).toMatchObject({
      severity: 'blocker',
      message: '1 of 3 tables differ.',
      became: 'stays',
    });
  });

  it('stays what it was when something is started after Cleanup', () => {
    const rotated = execution('Rotation', 500, 501, { status: 'FAILED', error: 'NotOurs' });
    const recovered = execution('Recovery', 502, 503, { evidence: { LiftFence: { serving: 'source', gates: {}, interrupted: null } } });
    const { outcome, left } = report(replicate(), switched('Cutover', 200), cleanup(), rotated, recovered, cleanup({ status: 'FAILED' }));
    expect(outcome).toEqual({ code: 'cleaned up', says: 'The migration is over and cleaned up. PlanetScale serves the application.' });
    expect(left.join()).not.toContain('until Cleanup');
  });

  it('of Preflight alone is that nothing was moved and nothing left', () => {
    expect(report(preflight()).answers.left).toBe('Nothing: nothing was moved.');
  });
});

describe('the facts of a report', () => {
  const whole = report(preflight(), replicate(), switched('Cutover', 200), cleanup());

  it('come from what the steps left: copy, tables, sequences, indexes, owners', () => {
    expect(whole.copy).toMatchObject({ way: 'stream', parts: 0, bytes: 1_000, seconds: 19 });
    expect(whole.comparison).toMatchObject({ tables: 3, rows: 30, at: at(120), different: [] });
    expect(whole.tables).toEqual([
      { schema: 'shop', table: 'item', bytes: 950, toastBytes: 100, rows: 20, compared: 'equal' },
      { schema: 'shop', table: 'sold', bytes: 50, toastBytes: null, rows: 10, compared: 'equal' },
    ]);
    expect(whole.moreTables).toBe(1);
    expect(whole.sequences).toMatchObject({ count: 2, atTheirBound: ['shop.s'] });
    expect(whole.indexes).toEqual([{ kind: 'index', done: 5, of: 6 }]);
    expect(whole.indexFailures).toEqual(['i: No room']);
    expect(whole.access).toEqual({ carried: true, roles: 4, made: 2 });
  });

  it('hold each switch with its parts, and what writers saw of it', () => {
    const cutover = switched('Cutover', 200);
    const writers = [{ execution: cutover.execution, pauseMs: 90, acknowledged: 100, lost: 0, duplicated: 0 }];
    const { switches, answers } = reportOf(history([replicate(), cutover], { writers }), NOW);
    expect(switches).toEqual([
      {
        ...{
          machine: 'Cutover',
          execution: cutover.execution,
          from: 'source',
          to: 'target',
          at: at(204),
          fencedMs: 85,
          writersPauseMs: 90,
        },
        ...{ parts: [{ name: 'fence', ms: 60 }], roundTrips: { source: 6, target: 5, inSequence: 10 } },
      },
    ]);
    expect(answers.without).toContain('writes waited for 85 ms; writers of the application saw 90 ms');
    expect(answers.proved).toContain('Of 100 writes that the databases acknowledged to writers, 0 were lost');
  });

  it('tell of a copy that is not over what is there by now, and no time', () => {
    const stalled = replicate({
      status: 'FAILED',
      error: 'CopyStalled',
      evidence: { AwaitCopy: { tables: 9, ready: 1, bytesTotal: 1e12, bytesDone: 1e9 } },
    });
    expect(report(stalled).copy).toMatchObject({ bytes: 1e9, seconds: null });
    expect(report(stalled).answers.moved).toContain('1.0 GB so far');
  });

  it('take the time of keys and indexes without what lies between them', () => {
    const long = replicate({ states: [state('BuildKeys', 20, 50), state('AwaitCopy', 50, 5_000), state('BuildIndexes', 5_000, 5_060)] });
    expect(report(long).forecast.find(({ name }) => name === 'buildIndexes')?.fact).toBe(90);
  });

  it('count the WAL that Aurora keeps, and not that of PlanetScale', () => {
    const series = {
      WalKeptBytes: [
        [START + 100_000, 5e6],
        [START + 300_000, 9e9],
      ] as [number, number][],
    };
    const { forecast } = reportOf(history([replicate(), switched('Cutover', 200)], { series }), NOW);
    expect(forecast.find(({ name }) => name === 'walKept')?.fact).toBe(5e6);
  });

  it('name tables that differ, however small they are', () => {
    const different = [{ schema: 'shop', table: 'tiny', reason: null, rows: [{ key: 'id = 1', kind: 'missing', columns: [] }] }];
    const { comparison, tables, answers } = report(
      replicate({ evidence: { CompareData: { ...compared, different } as never }, status: 'FAILED', error: 'DataDiffers' }),
    );
    expect(comparison?.different).toEqual([{ schema: 'shop', table: 'tiny', says: 'id = 1 missing on the target' }]);
    expect(tables.at(-1)).toMatchObject({ table: 'tiny', bytes: null, compared: 'different' });
    expect(answers.proved).toMatch(/^The last comparison found differences, in Replicate/);
  });

  it('put the forecast beside what it came to be', () => {
    expect(whole.forecast.find(({ name }) => name === 'fence')).toMatchObject({ forecast: 100, fact: 85, source: 'Measured.' });
    expect(whole.forecast.find(({ name }) => name === 'copyByStream')).toMatchObject({ forecast: null, fact: 19, source: 'Unknown.' });
    expect(whole.forecast.find(({ name }) => name === 'tables')).toMatchObject({ forecast: null, fact: 3 });
    expect(whole.forecast.find(({ name }) => name === 'sessions')).toBeUndefined();
  });

  it('say what was left: not carried, to be known, and everything until Cleanup has ended', () => {
    expect(whole.left).toEqual(['Not carried to the target: function a.b().', 'Sequences without numbers left on the target: shop.s.']);
    expect(report(replicate()).left.at(-1)).toContain('stay until Cleanup');
    const loud = cleanup({
      evidence: { DropReplication: { source: { foreignKeysToMake: ['alter table x'] }, target: { unreachable: 'gone' } } },
    });
    expect(report(replicate(), loud).left.join(' ')).toMatch(/target could not be reached.*|Foreign keys on the source.*alter table x/);
  });

  it('are none, and no error, where nothing has happened or evidence is of another shape', () => {
    expect(report().answers.took).toBe('Nothing was started.');
    const odd = replicate({
      evidence: { CompareData: 'x', SyncSequences: [1], BuildIndexes: { kinds: 7 }, CopySchema: null, SeedCopy: { workers: 'no' } },
    });
    expect(() => report(odd)).not.toThrow();
    expect(report(odd).comparison).toBeNull();
  });
});

describe('the findings of a report', () => {
  it('are gone where a later look at the same did not find them, and stay where it did', () => {
    const failed = execution('Preflight', 0, 5, {
      ...{ status: 'FAILED', error: 'NotReady', states: [state('CheckReadiness', 0, 5)] },
      findings: [finding('NoReplicaIdentity', 'blocker'), finding('RowSecurity')],
    });
    expect(report(failed, replicate()).findings.map(({ code, became }) => [code, became])).toEqual([
      ['RowSecurity', 'stays'],
      ['NoReplicaIdentity', 'gone'],
    ]);
  });

  it('say nothing of what a look that was cut off did not find', () => {
    const cutOff = execution('Preflight', 30, 31, { status: 'ABORTED', states: [state('CheckReadiness', 30, 31)] });
    expect(report(preflight(finding('RowSecurity')), cutOff).findings).toMatchObject([{ code: 'RowSecurity', became: 'stays' }]);
  });
});

describe('the cost in a report', () => {
  const item = (name: RegExp, costs = report(replicate()).costs) => costs.find((one) => name.test(one.item));

  it('is made of what was measured, and says where nothing was', () => {
    expect(item(/stack/)?.dollars).toBeGreaterThan(0);
    expect(item(/WAL/)).toMatchObject({ dollars: null });
    const hour = 3_600_000;
    const series = {
      WalKeptBytes: [
        [START, 1e9],
        [START + 730 * hour, 1e9],
      ] as [number, number][],
    };
    expect(item(/WAL/, reportOf(history([replicate()], { series }), NOW).costs)?.dollars).toBeCloseTo(0.1, 2);
  });
});
