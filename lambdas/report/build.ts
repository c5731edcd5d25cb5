/** The history of a migration → its report. Pure: the deployed function and a rehearsal make the same one. */
import { answersOf, type Facts } from './answers.ts';
import { costsOf } from './costs.ts';
import { forecastOf } from './facts.ts';
import { findingsOf } from './findings.ts';
import type { ExecutionHistory, MigrationHistory } from './history.ts';
import { leftOf } from './left.ts';
import { type ExecutionReport, type MigrationReport, REPORT_VERSION } from './model.ts';
import { accessOf, comparisonOf, copyOf, indexesOf, sequencesOf, switchesOf, tablesOf } from './moved.ts';
import { outcomeOf } from './standing.ts';

function executionOf({ machine, execution, status, startedAt, endedAt, error, cause, states }: ExecutionHistory): ExecutionReport {
  const seconds = endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  return { machine, execution, status, startedAt, endedAt, error, cause, seconds, states };
}

/** @param now when it is written, in milliseconds since 1970 */
export function reportOf(history: MigrationHistory, now: number): MigrationReport {
  const { executions, series, stack, database, sides } = history;
  const parts = {
    copy: copyOf(history),
    comparison: comparisonOf(executions),
    switches: switchesOf(history),
    sequences: sequencesOf(executions),
    ...indexesOf(executions),
  };
  const costs = costsOf(history, parts, now);
  const facts: Facts = {
    version: REPORT_VERSION,
    writtenAt: new Date(now).toISOString(),
    ...{ stack, database, sides },
    executions: executions.map(executionOf),
    ...parts,
    stream: {
      lagMilliseconds: series.LagMilliseconds ?? [],
      lagBytes: series.LagBytes ?? [],
      walKeptBytes: series.WalKeptBytes ?? [],
    },
    ...tablesOf(history),
    access: accessOf(executions),
    findings: findingsOf(executions),
    left: leftOf(executions),
    forecast: forecastOf(history, { ...parts, costs }),
    costs,
    writes: history.writers,
    links: history.links,
  };
  return { ...facts, outcome: outcomeOf(facts, history), answers: answersOf(facts, history) };
}
