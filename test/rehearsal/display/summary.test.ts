import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { screenOf } from '../../../rehearsal/display/screen.ts';
import { summary } from '../../../rehearsal/display/summary.ts';
import type { Finding } from '../../../rehearsal/findings.ts';
import type { Report } from '../../../rehearsal/report.ts';

const found = (code: string, objects: readonly string[], of: Finding['of'] = 'readiness'): Finding => ({
  ...{ code, objects, of, more: 0, message: 'A long message.', remedy: 'A remedy.' },
});
const report: Report = {
  ...{ outcome: 'passed', reasons: [], sourceVersion: 15, targetVersion: 18, downtimeMs: 50, switch: null },
  machines: ['Preflight', 'Replicate', 'Cutover'].map((name) => ({ name, status: 'SUCCEEDED', seconds: 1.25, transitions: 1, states: [] })),
  writes: { acknowledged: 9, lost: 0, duplicated: 0, duplicateKeys: 0, overlap: 0, rejected: 1, longestPauseMs: 50 },
  switches: [
    {
      ...{ machine: 'Cutover', execution: 'one', direction: 'source→target', downtimeMs: 41.5, writersDowntimeMs: 50, overlap: 0 },
      ...{ parts: [{ name: 'fence', ms: 12 }], roundTrips: { source: 6, target: 5, inSequence: 10 } },
    },
  ],
  tables: { compared: 2, different: [] },
  sequences: { compared: 2, behind: [] },
  indexes: { expected: 2, missing: [] },
  access: { compared: 10, different: [] },
  catalogs: { compared: 100, different: [] },
  copy: { bytes: 12_300_000, seconds: 1, way: 'stream', parts: 0 },
  findings: {
    blockers: [],
    warnings: [
      found('RowSecurity', ['shop.message']),
      found('IdentityColumn', ['a.id', 'b.id']),
      found('IdentityColumn', ['b.id', 'c.id']),
      found('SlotLostAtSwitchover', ['target: hot_standby_feedback = off']),
      found('SlotLostAtSwitchover', ['target: hot_standby_feedback = off'], 'switch'),
      found('SessionsWillEnd', ['Shop: 6'], 'switch'),
    ],
  },
  passedOver: [],
  fixes: { applied: [], excluded: [] },
};
const lines = (of: Report = report): string[] => summary(of).trim().split('\n');

describe('the end of a rehearsal', () => {
  it('tells the findings first, one line for each code, and the switch and the verdict last', () => {
    expect(lines()).toEqual([
      'To know  (docs/errors.md says what each means, and --report-html FILE writes them out)',
      '  of the databases',
      '    1 RowSecurity: shop.message',
      '    3 IdentityColumn: a.id, b.id, c.id',
      '    1 SlotLostAtSwitchover: target: hot_standby_feedback = off',
      '  of the switches',
      '    1 SessionsWillEnd: Shop: 6',
      'Moved    2 tables, 12.3 MB, in 1.0 s of copying, by the subscription',
      'Proved   2 of 2 tables equal row by row, 2 of 2 sequences ahead, 2 of 2 indexes and constraints there',
      'Rights   10 of 10 owners, rights and settings as on the source',
      'Writes   9 acknowledged, 0 lost, 0 duplicated; 1 attempts had to be repeated, the longest pause was 0.1 s',
      "Cleaned  100 entries of both servers' catalogs looked at, 0 not as before",
      'Switch   source → target: the writers were without for 50 ms, fenced for 42 ms (fence 12); 10 round trips one after another',
      'PASSED   PostgreSQL 15 → 18: Preflight succeeded in 1.3 s, Replicate succeeded in 1.3 s, Cutover succeeded in 1.3 s',
    ]);
  });

  it('counts objects that a finding no longer names', () => {
    const cut = { ...found('NoReplicaIdentity', ['a.a', 'b.b']), more: 4_998 };
    expect(lines({ ...report, findings: { blockers: [], warnings: [cut] } })).toContain(' 5000 NoReplicaIdentity: a.a, b.b, and 4998 more');
  });

  it('says right above the verdict why it did not pass', () => {
    const told = lines({ ...report, outcome: 'failed', reasons: ['1 acknowledged writes are lost.'] });
    expect(told.at(-2)).toBe('1 acknowledged writes are lost.');
    expect(told.at(-1)).toMatch(/^FAILED {3}PostgreSQL/);
  });

  it.each([30, 40, 80, 160])('is no wider than a terminal of %d columns', (columns) => {
    const hostile = {
      ...report,
      findings: { blockers: [], warnings: [found('RowSecurity', ['表'.repeat(60), `\u001b[2J${'x'.repeat(200)}`])] },
    };
    const text = summary(hostile, screenOf({ isTTY: true, columns, write() {} }, { NO_COLOR: '1' }));
    for (const line of text.split('\n')) expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
    expect(text).not.toContain('\u001b');
  });

  it('is coloured on a terminal, and says the same', () => {
    const text = summary(report, screenOf({ isTTY: true, columns: 400, write() {} }));
    expect(text).toContain('\u001b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal are what is taken out
    expect(text.replaceAll(/\u001b\[[0-9;]*m/g, '')).toBe(summary(report));
  });
});
