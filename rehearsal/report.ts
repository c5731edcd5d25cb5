/** The result of a rehearsal, for programs. These rely on the field names. */
import { atMost } from '../lambdas/config/listing.ts';
import type { FoundByMachines } from './findings.ts';
import type { Fixes } from './fixes.ts';
import type { AccessComparison } from './inventory/access.ts';
import type { IndexComparison } from './inventory/indexes.ts';
import type { SequenceComparison } from './inventory/sequences.ts';
import type { TableComparison } from './inventory/tables.ts';
import type { CatalogComparison } from './inventory/unchanged.ts';
import type { Outcome, StateRecord } from './machines/execution.ts';
import type { SwitchDetail, SwitchRecord } from './switches.ts';

export interface Report {
  /** `unknown`: it could not be determined, which is never a pass. */
  readonly outcome: 'passed' | 'failed' | 'unknown';
  /** The reasons why it did not pass, in sentences; empty where it did. */
  readonly reasons: readonly string[];
  /** Major versions. */
  readonly sourceVersion: number;
  readonly targetVersion: number;
  readonly machines: readonly {
    readonly name: string;
    readonly status: Outcome['status'];
    readonly seconds: number;
    readonly transitions: number;
    readonly states: readonly StateRecord[];
  }[];
  readonly writes: {
    readonly acknowledged: number;
    /** Null where they were not counted, because the machines did not get so far. */
    readonly lost: number | null;
    readonly duplicated: number | null;
    /** Number of times that a server reported a duplicate key. */
    readonly duplicateKeys: number;
    /** Writes that a side acknowledged after it was left, when the other one had acknowledged some already. */
    readonly overlap: number;
    /** Attempts that came back with an error, were looked up and tried again. */
    readonly rejected: number;
    /** Longest time without an acknowledged write, of all writers together. */
    readonly longestPauseMs: number;
  };
  /** Of the first switch, by the writers: from the last write acknowledged by the source to the first by the target; null without one. */
  readonly downtimeMs: number | null;
  /** Of the first switch, as its execution says; null without one. */
  readonly switch: SwitchDetail | null;
  /** All of them, in order. */
  readonly switches: readonly SwitchRecord[];
  readonly tables: TableComparison;
  readonly sequences: SequenceComparison;
  readonly indexes: IndexComparison;
  /** Owners, effective rights of every role, memberships, default privileges and settings; none with `--roles flatten`. */
  readonly access: AccessComparison;
  /** Both servers after `Cleanup` beside what they were before `Preflight`. */
  readonly catalogs: CatalogComparison;
  readonly copy: {
    readonly bytes: number;
    readonly seconds: number;
    /** By which way the rows were copied: by the subscription, or in parts by workers. */
    readonly way: 'stream' | 'parts';
    /** Number of parts; 0 where the subscription copied everything. */
    readonly parts: number;
  };
  readonly findings: FoundByMachines;
  /** Statements of a dump that were passed over or changed. */
  readonly passedOver: readonly string[];
  /** Outcome of `--schema-fixes`. */
  readonly fixes: Fixes;
}

export const EXIT_CODES = { passed: 0, failed: 1, unknown: 3 } as const satisfies Record<Report['outcome'], number>;

const NAMES_SHOWN = 10;
/** Some of many names, and how many more there are. */
export const few = (names: readonly string[], comma = ', '): string => atMost(NAMES_SHOWN, names).join(comma);

/** Everything that keeps a finished rehearsal from having passed. */
export function reasonsAgainst(report: Omit<Report, 'outcome' | 'reasons'>, refusals: readonly string[]): string[] {
  const { writes, tables, sequences, indexes, access, catalogs } = report;
  return [
    ...(writes.lost ? [`${writes.lost} acknowledged writes are lost.`] : []),
    ...(writes.duplicated ? [`${writes.duplicated} rows are there more often than once.`] : []),
    ...(writes.overlap ? [`${writes.overlap} writes were acknowledged by a side that had been left already.`] : []),
    ...refusals.map((refusal) => `A server refused a statement of the application: ${refusal}.`),
    ...(tables.different.length > 0 ? [`These tables differ: ${few(tables.different)}.`] : []),
    ...(sequences.behind.length > 0 ? [`These sequences would give out values again: ${few(sequences.behind)}.`] : []),
    ...(access.different.length > 0 ? [`These owners, rights or settings differ: ${few(access.different, '; ')}.`] : []),
    ...(catalogs.different.length > 0 ? [`After the clean-up, these are not as they were before: ${few(catalogs.different, '; ')}.`] : []),
    ...(indexes.missing.length > 0 ? [`These indexes or constraints are missing on the target: ${few(indexes.missing)}.`] : []),
  ];
}
