/** The result of a rehearsal for the operator: what there is to know, what was proved, and last the switches and the verdict. */
import { bytesInWords } from '../../lambdas/config/in-words.ts';
import { withMore } from '../../lambdas/config/listing.ts';
import { mentioned } from '../dump/passed-over.ts';
import type { Finding } from '../findings.ts';
import type { Fixes } from '../fixes.ts';
import { few, type Report } from '../report.ts';
import type { SwitchRecord } from '../switches.ts';
import { cutTo, hanging, plainText, type Screen, screenOf } from './screen.ts';

/** No colours, and lines as long as they are. */
const PLAIN = screenOf({ write() {} });

const milliseconds = (value: number | null): string => (value === null ? 'an unknown time' : `${Math.round(value)} ms`);
const seconds = (value: number): string => `${value.toFixed(1)} s`;

const VERDICTS = { passed: 'PASSED', failed: 'FAILED', unknown: 'COULD NOT TELL' } as const;
const LABEL = 9;

/** A label, and what is said under it. */
type Line = readonly [label: string, text: string];

/** @param screen where it is printed. @default - a file */
export function summary(report: Report, screen: Screen = PLAIN): string {
  const { machines, findings, switches, outcome } = report;
  const columns = screen.columns();
  const replicated = machines.some(({ name, status }) => name === 'Replicate' && status === 'SUCCEEDED');
  const told = ([label, text]: Line): string => hanging(columns, label.padEnd(LABEL), plainText(text));
  const ran = machines.map(({ name, status, seconds: took }) => `${name} ${status.toLowerCase()} in ${seconds(took)}`).join(', ');
  const { bold } = screen.colour;
  const coloured = outcome === 'passed' ? screen.colour.green : screen.colour.red;
  const verdict = `${VERDICTS[outcome]}   `;
  const overlooked = outcome === 'passed' ? '' : mentioned(report.passedOver, report.reasons.join(' ')).trim();
  const lines = [
    ...known(findings.warnings, screen),
    ...fixed(report.fixes).map((line) => hanging(columns, '', plainText(line))),
    ...(replicated ? [...proof(report), ...switches.map(switched)].map(told) : []),
    ...[...report.reasons, ...(overlooked ? [overlooked] : [])].map((reason) => coloured(hanging(columns, '', plainText(reason)))),
  ];
  const versions = `PostgreSQL ${report.sourceVersion} → ${report.targetVersion}${ran ? `: ${ran}` : ''}`;
  return ['', ...lines, hanging(columns, verdict, versions).replace(verdict.trimEnd(), bold(coloured(verdict.trimEnd()))), ''].join('\n');
}

function proof({ writes, tables, sequences, indexes, access, catalogs, copy }: Report): Line[] {
  return [
    [
      'Moved',
      `${tables.compared} tables, ${bytesInWords(copy.bytes)}, in ${seconds(copy.seconds)} of copying, ` +
        (copy.way === 'parts' ? `in ${copy.parts} parts` : 'by the subscription'),
    ],
    [
      'Proved',
      `${tables.compared - tables.different.length} of ${tables.compared} tables equal row by row, ` +
        `${sequences.compared - sequences.behind.length} of ${sequences.compared} sequences ahead, ` +
        `${indexes.expected - indexes.missing.length} of ${indexes.expected} indexes and constraints there`,
    ],
    ...(access.compared > 0
      ? [
          [
            'Rights',
            `${access.compared - access.different.length} of ${access.compared} owners, rights and settings as on the source`,
          ] as const,
        ]
      : []),
    [
      'Writes',
      `${writes.acknowledged} acknowledged, ${writes.lost ?? 'unknown'} lost, ${writes.duplicated ?? 'unknown'} duplicated; ` +
        `${writes.rejected} attempts had to be repeated, the longest pause was ${seconds(writes.longestPauseMs / 1000)}`,
    ],
    ...(catalogs.compared > 0
      ? [
          [
            'Cleaned',
            `${catalogs.compared} entries of both servers' catalogs looked at, ${catalogs.different.length} not as before`,
          ] as const,
        ]
      : []),
  ];
}

/** The writers' own view comes first: it is what an application's users would notice. */
const switched = ({ direction, writersDowntimeMs, downtimeMs, parts, roundTrips }: SwitchRecord): Line => [
  'Switch',
  `${direction.replace('→', ' → ')}: the writers were without for ${milliseconds(writersDowntimeMs)}, fenced for ${milliseconds(downtimeMs)}` +
    `${parts.length > 0 ? ` (${parts.map(({ name, ms }) => `${name} ${Math.round(ms)}`).join(', ')})` : ''}; ` +
    `${roundTrips.inSequence} round trips one after another`,
];

const fixed = ({ applied, excluded }: Fixes): string[] => [
  ...(applied.length > 0 ? ['Fixed, as Preflight asks you to'] : []),
  ...applied.map(
    ({ finding, side, statement, refused }) =>
      `  ${finding}, on the ${side}: ${statement}${refused === null ? '' : ` was refused: ${refused}`}`,
  ),
  ...(excluded.length > 0 ? [`Excluded, since nothing makes them ready ("excludeTables"): ${few(excluded)}`] : []),
];

const GROUPS = { readiness: 'of the databases', switch: 'of the switches' } as const;
const COUNT = 5;
/** Names on a line. */
const SHOWN = 10;

/** One line for each code, with how many objects it concerns; what was found by several checks is there once. */
function known(findings: readonly Finding[], screen: Screen): string[] {
  const lines = (['readiness', 'switch'] as const).flatMap((group) => {
    const earlier = group === 'switch' ? findings.filter(({ of }) => of === 'readiness').map(({ code }) => code) : [];
    const own = Map.groupBy(
      findings.filter(({ of, code }) => of === group && !earlier.includes(code)),
      ({ code }) => code,
    );
    return own.size === 0 ? [] : [`  ${GROUPS[group]}`, ...[...own].map(([code, found]) => folded(code, found, screen.columns()))];
  });
  if (lines.length === 0) return [];
  const meaning = 'docs/errors.md says what each means, and --report-html FILE writes them out';
  return [hanging(screen.columns(), 'To know  ', `(${meaning})`), ...lines];
}

function folded(code: string, found: readonly Finding[], columns: number): string {
  const objects = [...new Set(found.flatMap((finding) => finding.objects))];
  const more = Math.max(...found.map((finding) => finding.more));
  const names = objects.length > 0 ? `: ${withMore(objects.slice(0, SHOWN), Math.max(0, objects.length - SHOWN) + more).join(', ')}` : '';
  return cutTo(columns, plainText(`${String(Math.max(1, objects.length + more)).padStart(COUNT)} ${code}${names}`));
}
