import { describe, expect, it } from 'vitest';
import type { ReportedFinding } from '../../lambdas/checks/report.ts';
import { withoutOwn } from '../../rehearsal/findings.ts';
import { statementsOf, tablesIn } from '../../rehearsal/fixes.ts';

const finding = (more: Partial<ReportedFinding>): ReportedFinding => ({
  ...{ code: 'X', severity: 'blocker', objects: [], more: 0, message: '', remedy: '', statements: [] },
  ...more,
});

describe('the remedies of a finding (#11)', () => {
  it('are run one by one, each on its side', () => {
    const statements = [
      'create unique index concurrently "a;b" on t (id); alter table t replica identity using index "a;b";',
      'create extension x; -- on the target',
    ];
    expect(statementsOf(finding({ statements, remedy: 'Or `drop table t`.' }))).toEqual([
      { finding: 'X', side: 'source', statement: 'create unique index concurrently "a;b" on t (id);' },
      { finding: 'X', side: 'source', statement: 'alter table t replica identity using index "a;b";' },
      { finding: 'X', side: 'target', statement: 'create extension x;' },
    ]);
  });

  it('are taken from the text of the remedy where it has no statements, and never from a pattern', () => {
    const remedy = 'Set `max_slots`, run `alter table t enable trigger u`, or `alter table … enable trigger …`.';
    expect(statementsOf(finding({ remedy }))).toEqual([{ finding: 'X', side: 'source', statement: 'alter table t enable trigger u;' }]);
  });
});

describe('the tables that a finding names (#11)', () => {
  const tables = [
    { schema: 'public', table: 'plain' },
    { schema: 'Odd "1"', table: 'a.b' },
  ];
  it.each([
    ['public.plain', '"public"."plain"'],
    ['public.plain (j, k)', '"public"."plain"'],
    ['public.plain.column', '"public"."plain"'],
    ['trigger t on "public"."plain" (enable always)', '"public"."plain"'],
    ['"Odd ""1"""."a.b" owner x', '"Odd ""1"""."a.b"'],
  ])('are found in %s', (object, name) => {
    expect(tablesIn(object, tables)).toEqual([name]);
  });
  it('are none for a finding without tables', () => {
    expect(tablesIn('wal_level = replica, public.another', tables)).toEqual([]);
  });
});

describe('objects of the rehearsal itself (#11)', () => {
  it('are removed from findings, and a finding of nothing else is dropped', () => {
    const mixed = finding({
      objects: ['rehearsal_workload.entry.id', '"rehearsal_workload"."detail"', 'public.t owner rehearsal_owner', 'role shop_app'],
    });
    expect(withoutOwn([mixed])).toEqual([{ ...mixed, objects: ['public.t owner rehearsal_owner'] }]);
    expect(withoutOwn([finding({ objects: ['rehearsal_workload.entry'] }), finding({ code: 'Y' })])).toEqual([finding({ code: 'Y' })]);
    expect(withoutOwn([finding({ objects: ['public.not_rehearsal_workload', 'shop_apple'] })])).toHaveLength(1);
  });
});
