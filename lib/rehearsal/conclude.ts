/** The rehearsal's own look at what the machines say they have done. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/connection-settings.ts';
import { everythingArrived } from './arrival.ts';
import { compareIndexes } from './inventory/indexes.ts';
import { lookAtBoth } from './inventory/look.ts';
import { compareSequences } from './inventory/sequences.ts';
import { compareTables, tableBytes } from './inventory/tables.ts';
import type { Outcome } from './machines/execution.ts';
import type { Progress } from './progress.ts';
import { type Report, reasonsAgainst } from './report.ts';
import type { Sides } from './sides.ts';
import { auditWrites } from './workload/audit-writes.ts';
import type { Journal } from './workload/journal.ts';
import type { Subject } from './workload/subject.ts';

/** What there is to judge when the machines have ended and the writers have stopped. */
export interface Performed {
  readonly sides: Pick<Sides, 'source' | 'target'>;
  readonly journal: Journal;
  readonly subjects: readonly Subject[];
  readonly outcomes: readonly Outcome[];
  readonly progress: Progress;
}

const NOTHING = {
  tables: { compared: 0, different: [] },
  sequences: { compared: 0, behind: [] },
  indexes: { expected: 0, missing: [] },
} as const;

export async function conclude({ sides, journal, subjects, outcomes, progress }: Performed): Promise<Report> {
  const replicated = outcomes.some(({ name, status }) => name === 'Replicate' && status === 'SUCCEEDED');
  const reasons: string[] = [];
  for (const { name, status, failure } of outcomes) {
    if (status !== 'SUCCEEDED')
      reasons.push(`${name} ${status.toLowerCase()}${failure ? `: ${failure.error}: ${plain(failure.cause)}` : '.'}`);
  }
  let audit: { lost: number | null; duplicated: number | null } = { lost: null, duplicated: null };
  let looked: Pick<Report, keyof typeof NOTHING> = NOTHING;
  let bytes = 0;
  if (replicated) {
    progress.say('Writers stopped; waiting for the last of their writes, then comparing both sides');
    if (!(await everythingArrived(sides))) reasons.push('The target did not catch up with the source within two minutes.');
    audit = await auditWrites(journal, subjects, sides.target);
    const seen = await lookAtBoth(sides, async (both) => ({
      bytes: (await both.source(tableBytes()))[0]?.bytes ?? 0,
      looked: { tables: await compareTables(both), sequences: await compareSequences(both), indexes: await compareIndexes(both) },
    }));
    ({ bytes, looked } = seen);
    if (subjects.length > 0 && journal.acknowledged === 0) reasons.push('The writers did not get a single write through.');
  }
  const found: Omit<Report, 'outcome' | 'reasons'> = {
    sourceVersion: await versionOf(sides.source),
    targetVersion: await versionOf(sides.target),
    machines: outcomes.map(({ name, status, seconds, transitions, states }) => ({ name, status, seconds, transitions, states })),
    writes: {
      acknowledged: journal.acknowledged,
      lost: audit.lost,
      duplicated: audit.duplicated,
      rejected: journal.rejected,
      longestPauseMs: journal.longestPauseMs,
    },
    downtimeMs: null,
    ...looked,
    copy: { bytes, seconds: copySeconds(outcomes) },
    findings: findingsOf(outcomes),
  };
  const all = [...reasons, ...reasonsAgainst(found, journal.refusals)];
  return { outcome: all.length === 0 ? 'passed' : 'failed', reasons: all, ...found };
}

/** Lambda's JSON around a message, taken off where no state of the machine did so. */
function plain(cause: string): string {
  try {
    return String((JSON.parse(cause) as { errorMessage?: unknown }).errorMessage ?? cause);
  } catch {
    return cause;
  }
}

async function versionOf(settings: Sides['source']): Promise<number> {
  const client = new pg.Client(clientConfig(settings, 'rehearsal inventory'));
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
    return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  } finally {
    await client.end();
  }
}

/** From the beginning of the subscription to the last table that was ready. */
function copySeconds(outcomes: readonly Outcome[]): number {
  const states = outcomes.flatMap((outcome) => outcome.states).filter(({ name }) => name === 'CreateSubscription' || name === 'AwaitCopy');
  return Math.round(states.reduce((sum, { seconds }) => sum + seconds, 0) * 1000) / 1000;
}

/** Of the last machine that looked. */
function findingsOf(outcomes: readonly Outcome[]): Report['findings'] {
  const findings = outcomes.findLast((outcome) => outcome.findings.length > 0)?.findings ?? [];
  const brief = (severity: string) =>
    findings
      .filter((finding) => finding.severity === severity)
      .map(({ code, objects, message, remedy }) => ({ code, objects, message, remedy }));
  return { blockers: brief('blocker'), warnings: brief('warning') };
}
