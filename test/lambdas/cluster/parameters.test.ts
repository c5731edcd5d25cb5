import { describe, expect, it } from 'vitest';
import { carryOver, streamsAlready } from '../../../lambdas/cluster/parameters.ts';
import type { Parameter } from '../../../lambdas/ports/cluster.ts';

const parameters = (values: Readonly<Record<string, string>>): Parameter[] =>
  Object.entries(values).map(([name, value]) => ({ name, value, applyMethod: 'pending-reboot' }));
const asRecord = (list: readonly Parameter[]) => Object.fromEntries(list.map(({ name, value }) => [name, value]));

const OURS = parameters({
  'rds.logical_replication': '1',
  max_replication_slots: '20',
  max_wal_senders: '30',
  shared_preload_libraries: 'pglogical',
  work_mem: '1000',
});

describe('copying parameters to the new group', () => {
  it("keeps the user's own values and those that the migration needs", () => {
    const theirs = parameters({ 'rds.logical_replication': '0', work_mem: '65536', log_statement: 'ddl', max_wal_senders: '5' });
    expect(asRecord(carryOver(theirs, OURS).parameters)).toEqual({ work_mem: '65536', log_statement: 'ddl' });
  });

  it('keeps the larger count of either side', () => {
    const theirs = parameters({ max_replication_slots: '200', max_wal_senders: '30' });
    expect(asRecord(carryOver(theirs, OURS).parameters)).toEqual({ max_replication_slots: '200' });
  });

  it('names a count that is a formula', () => {
    const { parameters: carried, notCarried } = carryOver(parameters({ max_wal_senders: 'GREATEST({DBInstanceVCPU},20)' }), OURS);
    expect({ carried, notCarried }).toEqual({ carried: [], notCarried: ['max_wal_senders'] });
  });

  it('preloads the libraries of both groups', () => {
    const theirs = parameters({ shared_preload_libraries: 'pg_stat_statements, pglogical,,auto_explain' });
    expect(asRecord(carryOver(theirs, OURS).parameters)).toEqual({
      shared_preload_libraries: 'pg_stat_statements,pglogical,auto_explain',
    });
  });

  it('yields the same when repeated', () => {
    const theirs = parameters({ work_mem: '65536', shared_preload_libraries: 'auto_explain', max_wal_senders: '99' });
    const once = { ...asRecord(OURS), ...asRecord(carryOver(theirs, OURS).parameters) };
    const twice = { ...once, ...asRecord(carryOver(theirs, parameters(once)).parameters) };
    expect(twice).toEqual({ ...once, shared_preload_libraries: 'auto_explain,pglogical' });
  });
});

describe('a cluster that is logical already', () => {
  it.each([
    [{ 'rds.logical_replication': '1' }, true],
    [{ 'rds.logical_replication': '1', max_replication_slots: '10', max_wal_senders: '10' }, true],
    [{ 'rds.logical_replication': '1', max_replication_slots: '9' }, false],
    [{ 'rds.logical_replication': '1', max_wal_senders: '{DBInstanceVCPU}' }, false],
    [{ 'rds.logical_replication': '0' }, false],
    [{}, false],
  ])('%j: %s', (values, expected) => {
    expect(streamsAlready(parameters(values))).toBe(expected);
  });
});
