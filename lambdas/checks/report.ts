/** Findings as text and as evidence, cut to the limits of an execution, always with the number of what was cut. */
import { jsonBytes } from '../config/json.ts';
import { withMore } from '../config/listing.ts';
import { MOST_MESSAGE_JSON } from '../config/message-limit.ts';
import type { Log } from '../ports/log.ts';
import type { Finding } from './finding.ts';

/** A finding whose lists may have been cut. `more` is how many objects are not shown. */
export interface ReportedFinding {
  readonly code: string;
  readonly severity: 'blocker' | 'warning';
  readonly objects: readonly string[];
  readonly more: number;
  readonly message: string;
  readonly remedy: string;
  readonly statements: readonly string[];
  readonly [key: string]: string | number | readonly string[];
}

/**
 * Bytes of JSON that the warnings may take of the 256 KiB that a state may hold; the states after it add theirs.
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
const MOST_EVIDENCE_BYTES = 96_000;

/** Lengths that are tried for each list, longest first. */
const LIST_LENGTHS = [Number.POSITIVE_INFINITY, 1000, 300, 100, 50, 30, 20, 10, 5, 3, 2, 1, 0];

/**
 * The texts come before the lists: of a line of the log CloudWatch makes 200 fields, and each item of a list is one.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
 */
const cut = (finding: Finding, most: number): ReportedFinding => ({
  code: finding.code,
  severity: finding.severity,
  message: finding.message,
  remedy: finding.remedy,
  more: Math.max(0, finding.objects.length - most),
  objects: finding.objects.slice(0, most),
  statements: (finding.statements ?? []).slice(0, most),
});

/** The findings with the longest lists that stay within `mostBytes`; with empty lists if no other length does. */
function shrink<Shape>(findings: readonly Finding[], shape: (reported: ReportedFinding[]) => Shape, mostBytes: number): Shape {
  const tried = LIST_LENGTHS.map((most) => () => shape(findings.map((finding) => cut(finding, most))));
  for (const attempt of tried) {
    const result = attempt();
    if (jsonBytes(result) <= mostBytes) return result;
  }
  return shape(findings.map((finding) => cut(finding, 0)));
}

/** Whether what the findings are about must not be begun. */
export const hasBlocker = (findings: readonly Finding[]): boolean => findings.some(({ severity }) => severity === 'blocker');

/** Findings for an execution's history. */
export const reported = (findings: readonly Finding[]): ReportedFinding[] => shrink(findings, (cutDown) => cutDown, MOST_EVIDENCE_BYTES);

/** The evidence of a step whose checks found no blocker. */
export const evidenceOf = (findings: readonly Finding[]): { blockers: []; warnings: ReportedFinding[] } => ({
  blockers: [],
  warnings: reported(findings),
});

/** One line for each finding. Blockers come last, so that the newest line, which the dashboard shows, is one of them where there is any. */
export function logFindings(log: Log, findings: readonly Finding[]): void {
  const all = reported(findings);
  const of = (severity: Finding['severity']) => all.filter((finding) => finding.severity === severity);
  for (const finding of [...of('warning'), ...of('blocker')]) log.info(`Found ${finding.code}`, finding);
}

function paragraph({ code, objects, more, message, remedy, statements }: ReportedFinding, index: number): string {
  const names = withMore(objects, more);
  const cutSql = more > 0 && statements.length > 0 ? [' (and so on for the others)'] : [];
  return [`${index + 1}. ${code}${names.length > 0 ? `: ${names.join(', ')}` : ''}.`, message, remedy, ...statements, ...cutSql].join(' ');
}

/** What the findings refuse to begin, and what the refusal leaves untouched. */
export interface Undertaking {
  /** Such as `the migration`. */
  readonly name: string;
  /** A whole sentence. */
  readonly untouched: string;
}

const MIGRATION: Undertaking = { name: 'the migration', untouched: 'Source and target are untouched.' };

const heading = (blockers: number, { name, untouched }: Undertaking): string =>
  `${blockers === 1 ? 'One thing stands' : `${blockers} things stand`} in the way of ${name}. ${untouched} Remedy each of these, then start again.`;

/** All blockers in one message: the red box of the console shows nothing else. */
export function refusal(findings: readonly Finding[], undertaking: Undertaking): string {
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  const warnings = findings.filter(({ severity }) => severity === 'warning').map(({ code }) => code);
  const closing = warnings.length > 0 ? [`Besides, there are ${warnings.length} warnings: ${warnings.join(', ')}.`] : [];
  const opening = heading(blockers.length, undertaking);
  const text = shrink(blockers, (cutDown) => [opening, ...cutDown.map(paragraph), ...closing].join('\n'), MOST_MESSAGE_JSON);
  return jsonBytes(text) <= MOST_MESSAGE_JSON ? text : briefly(blockers, opening);
}

export const notReadyMessage = (findings: readonly Finding[]): string => refusal(findings, MIGRATION);

/** The short form, for dozens of kinds at once: their codes matter more than their messages. */
function briefly(blockers: readonly Finding[], opening: string): string {
  const lines = blockers.map(({ code, objects }, index) => `${index + 1}. ${code} (${objects.length}): ${objects[0] ?? ''}`.slice(0, 160));
  const text = [opening, ...lines, 'Each is described in full in the log of the function.'].join('\n');
  let characters = text.length;
  while (jsonBytes(text.slice(0, characters)) > MOST_MESSAGE_JSON) characters = Math.floor(characters * 0.9);
  return text.slice(0, characters);
}
