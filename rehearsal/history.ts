/** What the report of a rehearsal is made of: its executions, what the watch measured, and what its writers saw. */
import type { StepName } from '../lambdas/engine/machines.ts';
import { qualified } from '../lambdas/postgres/quote.ts';
import type { ExecutionHistory, MigrationHistory, StateHistory, TableHistory } from '../lambdas/report/history.ts';
import { withoutOwn } from './findings.ts';
import type { Outcome, StateRecord } from './machines/execution.ts';
import type { RehearsalOptions, Side } from './options.ts';
import type { Report } from './report.ts';

const MILLISECONDS = 1_000;
const momentOf = (at: number): string => new Date(at).toISOString();

const stateOf = ({ name, startedAt, seconds, visits }: StateRecord): StateHistory => ({
  name,
  visits,
  startedAt: momentOf(startedAt),
  endedAt: momentOf(startedAt + seconds * MILLISECONDS),
});

function executionOf({ name, execution, status, startedAt, seconds, states, failure, evidence, findings }: Outcome): ExecutionHistory {
  return {
    machine: name as ExecutionHistory['machine'],
    ...{ execution, status },
    startedAt: momentOf(startedAt),
    endedAt: momentOf(startedAt + seconds * MILLISECONDS),
    error: failure?.error ?? null,
    cause: failure?.cause ?? null,
    states: states.map(stateOf),
    evidence: { ...evidence, ...checked(evidence) },
    findings: withoutOwn(findings),
  };
}

/** The rehearsal's own tables and roles are not the user's to know of. */
function checked(evidence: Outcome['evidence']): ExecutionHistory['evidence'] {
  const checks = (['CheckReadiness', 'CheckCutover', 'CheckRollback'] as const satisfies readonly StepName[]).flatMap((step) => {
    const said = evidence[step] as { readonly warnings?: Outcome['findings'] } | undefined;
    return said?.warnings ? [[step, { ...said, warnings: withoutOwn(said.warnings) }] as const] : [];
  });
  return Object.fromEntries(checks);
}

const inWords = (side: Side, version: number): string =>
  `PostgreSQL ${version}, ${side.kind === 'embedded' ? 'embedded' : `${side.settings.host}:${side.settings.port}`}`;

export interface Rehearsed {
  readonly options: Pick<RehearsalOptions, 'source' | 'target'>;
  readonly database: string;
  readonly outcomes: readonly Outcome[];
  readonly report: Report;
  readonly series: MigrationHistory['series'];
  /** Of all tables; none where the machines did not get so far. */
  readonly sizes: readonly Omit<TableHistory, 'rows' | 'compared'>[];
}

/** @param rehearsed an outcome for each execution, oldest first */
export function historyOf({ options, database, outcomes, report, series, sizes }: Rehearsed): MigrationHistory {
  const { writes, switches } = report;
  const different = new Set(report.tables.different);
  const { acknowledged, lost, duplicated } = writes;
  return {
    stack: 'rehearsal',
    database,
    sides: { source: inWords(options.source, report.sourceVersion), target: inWords(options.target, report.targetVersion) },
    executions: outcomes.map(executionOf),
    series,
    writers: switches.map(({ execution, writersDowntimeMs }) => ({
      execution,
      pauseMs: writersDowntimeMs,
      acknowledged,
      lost,
      duplicated,
    })),
    tables: sizes.map((size) => ({
      ...size,
      rows: null,
      compared: different.has(qualified(size.schema, size.table)) ? 'different' : 'equal',
    })),
    links: {},
  };
}
