/** The report, from what was performed and examined. */
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { StepName } from '../lambdas/engine/machines.ts';
import type { Examination } from './examine.ts';
import { findingsOf } from './findings.ts';
import type { Fixes } from './fixes.ts';
import { NOT_CARRIED } from './inventory/access.ts';
import type { CatalogComparison } from './inventory/unchanged.ts';
import type { Outcome } from './machines/execution.ts';
import { type Report, reasonsAgainst } from './report.ts';
import type { Sides } from './sides.ts';
import type { SwitchRecord } from './switches.ts';
import type { Journal } from './workload/journal.ts';

/** Facts to judge when the machines have ended and the writers have stopped. */
export interface Performed {
  readonly sides: Pick<Sides, 'source' | 'target'>;
  readonly journal: Journal;
  /** Whether there were writers at all. */
  readonly written: boolean;
  readonly outcomes: readonly Outcome[];
  readonly switches?: readonly SwitchRecord[];
  /** Undefined where the machines did not get so far that there was something to look at. */
  readonly examination: Examination | undefined;
  /** Undefined where nothing was cleaned up. */
  readonly catalogs?: CatalogComparison | undefined;
  /** Other failures, in sentences. */
  readonly faults?: readonly string[];
  /** Statements of a dump that were passed over or changed. */
  readonly passedOver?: readonly string[] | undefined;
  /** Fixes that were applied before the first machine, so that it finds a database that is ready. */
  readonly fixes?: Fixes | undefined;
}

export async function conclude({
  sides,
  journal,
  written,
  outcomes,
  switches = [],
  examination,
  catalogs,
  faults = [],
  passedOver = [],
  fixes = { applied: [], excluded: [] },
}: Performed): Promise<Report> {
  const first = switches.find(({ direction }) => direction === 'source→target');
  const found: Omit<Report, 'outcome' | 'reasons'> = {
    sourceVersion: await versionOf(sides.source),
    targetVersion: await versionOf(sides.target),
    machines: outcomes.map(({ name, status, seconds, transitions, states }) => ({ name, status, seconds, transitions, states })),
    writes: {
      acknowledged: journal.acknowledged,
      lost: examination?.audit.lost ?? null,
      duplicated: examination?.audit.duplicated ?? null,
      duplicateKeys: journal.duplicateKeys,
      overlap: switches.reduce((sum, { overlap }) => sum + overlap, 0),
      rejected: journal.rejected,
      longestPauseMs: journal.longestPauseMs,
    },
    downtimeMs: first?.writersDowntimeMs ?? null,
    switch: first ? { parts: first.parts, roundTrips: first.roundTrips } : null,
    switches,
    tables: examination?.tables ?? { compared: 0, different: [] },
    sequences: examination?.sequences ?? { compared: 0, behind: [] },
    indexes: examination?.indexes ?? { expected: 0, missing: [] },
    access: examination?.access ?? NOT_CARRIED,
    catalogs: catalogs ?? { compared: 0, different: [] },
    copy: { bytes: examination?.bytes ?? 0, seconds: copySeconds(outcomes), ...wayOfCopy(outcomes) },
    findings: findingsOf(outcomes),
    passedOver,
    fixes,
  };
  const reasons = [
    ...outcomes.filter(({ status }) => status !== 'SUCCEEDED').map(ending),
    ...(examination?.arrived === false ? ['The other side did not catch up with the one that serves within two minutes.'] : []),
    ...(examination && written && journal.acknowledged === 0 ? ['The writers did not get a single write through.'] : []),
    ...faults,
    ...reasonsAgainst(found, journal.refusals),
  ];
  return { outcome: reasons.length === 0 ? 'passed' : 'failed', reasons, ...found };
}

const ending = ({ name, status, failure }: Outcome): string =>
  `${name} ${status.toLowerCase()}${failure ? `: ${failure.error}: ${plain(failure.cause)}` : '.'}`;

/** Lambda's JSON around a message, taken off where no state of the machine did so. */
function plain(cause: string): string {
  try {
    return String((JSON.parse(cause) as { errorMessage?: unknown }).errorMessage ?? cause);
  } catch {
    return cause;
  }
}

export async function versionOf(settings: Sides['source']): Promise<number> {
  const client = new pg.Client(clientConfig(settings, 'rehearsal inventory'));
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
    return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  } finally {
    await client.end();
  }
}

/** As the steps of the copy say it. A part that takes too long is split, so that there may be more at the end than at the beginning. */
function wayOfCopy(outcomes: readonly Outcome[]): Pick<Report['copy'], 'way' | 'parts'> {
  const said = outcomes.flatMap(({ evidence }) => [evidence.SeedCopy, evidence.FinishParts]) as (
    | { way?: Json; parts?: Json }
    | null
    | undefined
  )[];
  const parts = Math.max(0, ...said.map((words) => (typeof words?.parts === 'number' ? words.parts : 0)));
  return { way: said.some((words) => words?.way === 'parts') ? 'parts' : 'stream', parts };
}

/** Those that work side by side count once; the subscription, from its beginning to the last table that was ready. */
function copySeconds(outcomes: readonly Outcome[]): number {
  const of = ({ states }: Outcome, step: StepName) => states.find(({ name }) => name === step)?.seconds ?? 0;
  const seconds = outcomes.map(
    (outcome) =>
      of(outcome, 'SeedCopy') +
      Math.max(of(outcome, 'CopyParts'), of(outcome, 'BuildCopied')) +
      of(outcome, 'CreateSubscription') +
      of(outcome, 'AwaitCopy'),
  );
  return Math.round(seconds.reduce((sum, each) => sum + each, 0) * 1000) / 1000;
}
