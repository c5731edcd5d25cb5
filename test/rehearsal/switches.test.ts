import { describe, expect, it } from 'vitest';
import type { Json } from '../../lambdas/config/json.ts';
import { summary } from '../../rehearsal/display/summary.ts';
import type { Outcome } from '../../rehearsal/machines/execution.ts';
import { type Report, reasonsAgainst } from '../../rehearsal/report.ts';
import { switchesOf } from '../../rehearsal/switches.ts';

const SOURCE = { host: 's', port: 1, database: 'd' };
const TARGET = { host: 't', port: 2, database: 'd' };

const outcome = (name: string, evidence: Readonly<Record<string, Json>>, status: Outcome['status'] = 'SUCCEEDED'): Outcome => ({
  ...{ name, status, evidence, execution: 'one', startedAt: 0, seconds: 1, transitions: 1, states: [], failure: undefined, findings: [] },
});
const said = {
  ...{ serving: 'target', committedAt: '2026-01-01T00:00:00.000Z', downtimeMs: 41.5, proved: {} },
  ...{ parts: [{ name: 'fence', ms: 12 }], roundTrips: { source: 6, target: 5, inSequence: 10 } },
};
const told = (...acknowledgements: [number, 's:1/d' | 't:2/d'][]) => acknowledgements.map(([at, place]) => ({ at, place }));

describe('the switches in a report', () => {
  it('are composed of executions and writers, each in its own time', () => {
    const switches = switchesOf(
      [
        { outcome: outcome('Cutover', { CompareData: null, SwitchOver: said }), startedAt: 100 },
        { outcome: outcome('Rollback', { SwitchBack: { ...said, downtimeMs: 30 } }), startedAt: 200 },
        { outcome: outcome('Cutover', {}, 'FAILED'), startedAt: 300 },
      ],
      told([90, 's:1/d'], [110, 's:1/d'], [160, 't:2/d'], [210, 't:2/d'], [250, 's:1/d'], [251, 't:2/d'], [310, 's:1/d']),
      { source: SOURCE, target: TARGET },
    );
    const { parts, roundTrips } = said;
    expect(switches).toEqual([
      {
        machine: 'Cutover',
        execution: 'one',
        direction: 'source→target',
        downtimeMs: 41.5,
        writersDowntimeMs: 50,
        overlap: 0,
        parts,
        roundTrips,
      },
      {
        machine: 'Rollback',
        execution: 'one',
        direction: 'target→source',
        downtimeMs: 30,
        writersDowntimeMs: 40,
        overlap: 1,
        parts,
        roundTrips,
      },
    ]);
  });

  it('are composed of the writers alone where Recovery completed one', () => {
    const performances = [{ outcome: outcome('Cutover', {}), startedAt: 100 }];
    expect(switchesOf(performances, told([110, 's:1/d'], [160, 't:2/d']), { source: SOURCE, target: TARGET })).toMatchObject([
      { downtimeMs: null, writersDowntimeMs: 50, parts: [] },
    ]);
  });
});

describe('the report of a rehearsal', () => {
  const report: Report = {
    ...{ outcome: 'passed', reasons: [], sourceVersion: 15, targetVersion: 18, downtimeMs: 50, switch: null },
    machines: [{ name: 'Replicate', status: 'SUCCEEDED', seconds: 1, transitions: 1, states: [] }],
    writes: { acknowledged: 9, lost: 0, duplicated: 0, duplicateKeys: 0, overlap: 0, rejected: 1, longestPauseMs: 50 },
    switches: [
      {
        ...{ machine: 'Cutover', execution: 'one', direction: 'source→target', downtimeMs: 41.5, writersDowntimeMs: 50, overlap: 0 },
        ...{ parts: said.parts, roundTrips: said.roundTrips },
      },
    ],
    tables: { compared: 2, different: [] },
    sequences: { compared: 2, behind: [] },
    indexes: { expected: 2, missing: [] },
    access: { compared: 10, different: [] },
    catalogs: { compared: 100, different: [] },
    copy: { bytes: 1, seconds: 1, way: 'stream', parts: 0 },
    findings: { blockers: [], warnings: [] },
    passedOver: [],
    fixes: { applied: [], excluded: [] },
  };

  it('is positive where nothing went wrong', () => {
    expect(reasonsAgainst(report, [])).toEqual([]);
    const text = summary(report);
    expect(text).toContain('source → target: the writers were without for 50 ms, fenced for 42 ms (fence 12); 10 round trips');
    expect(text).toContain("100 entries of both servers' catalogs looked at, 0 not as before");
  });

  it.each([
    ['a lost write', { writes: { ...report.writes, lost: 1 } }, '1 acknowledged writes are lost.'],
    ['a row that came twice', { writes: { ...report.writes, duplicated: 2 } }, '2 rows are there more often than once.'],
    ['two sides that served at once', { writes: { ...report.writes, overlap: 3 } }, '3 writes were acknowledged by a side'],
    [
      'something that a clean-up left',
      { catalogs: { compared: 9, different: ['source, slots: s was left'] } },
      'source, slots: s was left',
    ],
  ])('is negative for %s', (_, changed, words) => {
    expect(reasonsAgainst({ ...report, ...changed }, []).join()).toContain(words);
  });

  it('is negative for every key that was handed out twice', () => {
    expect(reasonsAgainst(report, ['23505: duplicate key (1 times)'])).toEqual([
      'A server refused a statement of the application: 23505: duplicate key (1 times).',
    ]);
  });

  it('lists skipped statements only where something failed, related ones first (#11)', () => {
    const passedOver = ['create extension hll: not here', 'set extra_setting = 1: unknown'];
    expect(summary({ ...report, passedOver })).not.toContain('hll');
    const failed = { ...report, passedOver, outcome: 'failed' as const, reasons: ['The type "extra_setting" is missing.'] };
    expect(summary(failed)).toContain(
      'Before that, not done as the dump says: set extra_setting = 1: unknown; create extension hll: not here.',
    );
  });

  it('lists the remedies that were carried out, and what was excluded (#11)', () => {
    const fix = { finding: 'NoReplicaIdentity', side: 'source', statement: 'alter table t replica identity full;' } as const;
    const fixes = {
      applied: [
        { ...fix, refused: null },
        { ...fix, refused: 'because' },
      ],
      excluded: ['"s"."t"'],
    };
    const text = summary({ ...report, fixes });
    expect(text).toContain('  NoReplicaIdentity, on the source: alter table t replica identity full;\n');
    expect(text).toContain('alter table t replica identity full; was refused: because\n');
    expect(text).toContain('Excluded, since nothing makes them ready ("excludeTables"): "s"."t"');
  });
});
