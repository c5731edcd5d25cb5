/** The report of a migration as JSON: `report.json`, which the page shows. docs/report.md documents it. Programs rely on the names of its fields. */
import type { ReportedFinding } from '../checks/report.ts';
import type { SideName } from '../config/side-name.ts';
import type { CostItem, FigureName, Unit } from '../forecast/forecast.ts';
import type { ExecutionHistory, MigrationHistory, Sample, StateHistory, TableHistory } from './history.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const REPORT_VERSION = 1;

/** Sentences that answer the questions of somebody who was not there. */
export interface Answers {
  readonly moved: string;
  readonly took: string;
  /** How long the application was without a database. */
  readonly without: string;
  readonly proved: string;
  readonly left: string;
  readonly cost: string;
}

export interface ExecutionReport
  extends Pick<ExecutionHistory, 'machine' | 'execution' | 'status' | 'startedAt' | 'endedAt' | 'error' | 'cause'> {
  readonly seconds: number | null;
  readonly states: readonly StateHistory[];
}

export interface SwitchReport {
  readonly machine: string;
  readonly execution: string;
  readonly from: SideName;
  readonly to: SideName;
  readonly at: string;
  /** Between fence and commit, one after another. */
  readonly parts: readonly { readonly name: string; readonly ms: number }[];
  /** For which writes waited, by the execution's own clock. */
  readonly fencedMs: number | null;
  /** The same as the writers saw it; null where nobody measured. */
  readonly writersPauseMs: number | null;
  readonly roundTrips: { readonly source: number; readonly target: number; readonly inSequence: number } | null;
}

export interface FindingReport extends Pick<ReportedFinding, 'code' | 'severity' | 'objects' | 'more' | 'message' | 'remedy'> {
  /** The machine and execution that found it last. */
  readonly machine: string;
  readonly execution: string;
  /** `gone`: a later look at the same did not find it any more. `stays`: it was there at the last look. */
  readonly became: 'gone' | 'stays';
}

/** One figure of the forecast beside what it came to be. */
export interface ForecastReport {
  readonly name: FigureName;
  /** In words. */
  readonly label: string;
  readonly unit: Unit;
  readonly forecast: number | null;
  readonly source: string;
  /** Null where it has not happened, or nobody measured. */
  readonly fact: number | null;
}

export interface ComparisonReport {
  readonly at: string | null;
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  readonly different: readonly { readonly schema: string; readonly table: string; readonly says: string }[];
  readonly moreDifferent: number;
}

export interface MigrationReport {
  readonly version: typeof REPORT_VERSION;
  readonly writtenAt: string;
  readonly stack: string;
  readonly database: string;
  readonly sides: Readonly<Record<SideName, string>>;
  readonly outcome: {
    readonly code: 'nothing moved' | 'copying' | 'ready' | 'on PlanetScale' | 'back on Aurora' | 'cleaned up' | 'failed';
    readonly says: string;
  };
  readonly answers: Answers;
  /** Oldest first. */
  readonly executions: readonly ExecutionReport[];
  readonly copy: {
    readonly way: 'stream' | 'parts' | null;
    /** Number of parts; 0 where the subscription copied all. */
    readonly parts: number;
    readonly bytes: number | null;
    readonly seconds: number | null;
    /** Bytes copied, and of how many, over time. */
    readonly copied: readonly Sample[];
    readonly total: readonly Sample[];
  };
  readonly stream: {
    readonly lagMilliseconds: readonly Sample[];
    readonly lagBytes: readonly Sample[];
    readonly walKeptBytes: readonly Sample[];
  };
  readonly switches: readonly SwitchReport[];
  readonly comparison: ComparisonReport | null;
  /** All that are known, largest first. */
  readonly tables: readonly TableHistory[];
  /** Tables beside these, of which only the number is known. */
  readonly moreTables: number;
  /** Null where the migration did not get so far. */
  readonly sequences: {
    readonly count: number;
    readonly behind: readonly string[];
    readonly atTheirBound: readonly string[];
    readonly cycling: readonly string[];
    readonly differing: readonly string[];
  } | null;
  /** How many of each kind are there, of how many. */
  readonly indexes: readonly { readonly kind: string; readonly done: number; readonly of: number }[];
  readonly indexFailures: readonly string[];
  /** Owners, grants and settings; null where the schema was not copied. */
  readonly access: { readonly carried: boolean; readonly roles: number; readonly made: number } | null;
  readonly findings: readonly FindingReport[];
  /** What was left behind, or left for a person to do, in sentences. */
  readonly left: readonly string[];
  readonly forecast: readonly ForecastReport[];
  readonly costs: readonly CostItem[];
  readonly writes: MigrationHistory['writers'];
  readonly links: MigrationHistory['links'];
}
