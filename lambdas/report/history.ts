/**
 * What a report is made of. The deployed function reads it from Step Functions, which keeps executions for 90 days, and from CloudWatch, which keeps
 * the metrics that the watch emits for longer; a rehearsal has it in memory. So nothing of ours has to be kept in a database that Cleanup empties.
 */
import type { ReportedFinding } from '../checks/report.ts';
import type { Json } from '../config/json.ts';
import type { SideName } from '../config/side-name.ts';
import type { MachineName, StepName } from '../engine/machines.ts';
import type { MetricName } from '../monitoring/metrics.ts';

/** A task state of an execution. Moments are ISO 8601. */
export interface StateHistory {
  readonly name: string;
  /** When it was entered first. */
  readonly startedAt: string;
  /** When it was left last; null where it was not. */
  readonly endedAt: string | null;
  readonly visits: number;
}

/** One execution of a machine. */
export interface ExecutionHistory {
  readonly machine: MachineName;
  /** Its name. */
  readonly execution: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Heading and text of the console's red box. */
  readonly error: string | null;
  readonly cause: string | null;
  /** In the order in which they were entered. */
  readonly states: readonly StateHistory[];
  /** The last evidence of each step. */
  readonly evidence: Readonly<Partial<Record<StepName, Json>>>;
  readonly findings: readonly ReportedFinding[];
}

/** Milliseconds since 1970, and a value in the metric's unit. */
export type Sample = readonly [at: number, value: number];

/** What writers of the application saw of a switch. Only a rehearsal has writers of its own. */
export interface WritersView {
  /** The execution that switched. */
  readonly execution: string;
  /** From the last write acknowledged by the side that was left to the first by the other; null where there were none. */
  readonly pauseMs: number | null;
  readonly acknowledged: number;
  readonly lost: number | null;
  readonly duplicated: number | null;
}

/** A table that was moved, as far as it is known. */
export interface TableHistory {
  readonly schema: string;
  readonly table: string;
  /** With TOAST, without indexes. */
  readonly bytes: number | null;
  readonly toastBytes: number | null;
  readonly rows: number | null;
  /** What CompareData, or a rehearsal's own comparison, found. */
  readonly compared: 'equal' | 'different' | 'not compared';
}

/** All that is known of one migration. */
export interface MigrationHistory {
  /** Name of the stack; of a rehearsal, that word. */
  readonly stack: string;
  readonly database: string;
  /** Each side in words, such as `PostgreSQL 17, embedded` or the cluster's name. */
  readonly sides: Readonly<Record<SideName, string>>;
  /** Oldest first. */
  readonly executions: readonly ExecutionHistory[];
  readonly series: Readonly<Partial<Record<MetricName, readonly Sample[]>>>;
  readonly writers: readonly WritersView[];
  /** All tables, where the history has them; undefined where only those in the evidence are known. */
  readonly tables?: readonly TableHistory[] | undefined;
  /** Where people look at it, by what it is; none in a rehearsal. */
  readonly links: Readonly<Record<string, string>>;
}
