/** Findings of a rehearsal's checks for the report: of the user's database, and of nothing that the rehearsal has made itself. */
import type { ReportedFinding } from '../lambdas/checks/report.ts';
import { OWNER_ROLE } from './dump/operator.ts';
import type { Outcome } from './machines/execution.ts';
import { APPLICATION_ROLE } from './servers/pair.ts';
import { WORKLOAD_SCHEMA } from './workload/own-subjects.ts';

/** One of {@link ReportedFinding}, without what the operator would not read. */
export interface Finding extends Pick<ReportedFinding, 'code' | 'objects' | 'more' | 'message' | 'remedy'> {
  /** What the check was for: whether the databases are ready to be moved, or the application to be switched. */
  readonly of: 'readiness' | 'switch';
}

/** Findings of the checks of all machines. */
export interface FoundByMachines {
  readonly blockers: readonly Finding[];
  readonly warnings: readonly Finding[];
}

const OWN = new RegExp(`(?<![\\w$])(?:${[WORKLOAD_SCHEMA, APPLICATION_ROLE, OWNER_ROLE].join('|')})(?![\\w$])`);
/** A table of the user's may belong to a role of the rehearsal, or be granted to it, and is the user's all the same. */
const BESIDE_AN_OBJECT = /\s\(?(?:owner|of|granted to)\s.*$/;

/**
 * Grants to the rehearsal's own role are left out: `grants on table shop.item was added: select to shop_app`, unless another role has some,
 * too.
 */
const GRANTS_ADDED = /\bgrants on .* was added: (.*)$/;
const isGrantedToUsOnly = (object: string): boolean =>
  GRANTS_ADDED.exec(object)?.[1]
    ?.split(', ')
    .every((grant) => grant.endsWith(` to ${APPLICATION_ROLE}`)) ?? false;

const isOwn = (object: string): boolean => isGrantedToUsOnly(object) || OWN.test(object.replace(BESIDE_AN_OBJECT, ''));

/** Nothing is left of a finding that concerns nothing else. */
export function withoutOwn(findings: readonly ReportedFinding[]): ReportedFinding[] {
  return findings.flatMap((finding) => {
    const objects = finding.objects.filter((object) => !isOwn(object));
    return objects.length === 0 && finding.objects.length > 0 && finding.more === 0 ? [] : [{ ...finding, objects }];
  });
}

/**
 * Of every check that was made, as it came out the last time. `Replicate` makes the same one as `Preflight`, with the rehearsal's own tables,
 * which have to be moved; what both have found is reported as `Preflight` has found it.
 */
export function findingsOf(outcomes: readonly Outcome[]): FoundByMachines {
  const looked = outcomes.filter((outcome) => outcome.findings.length > 0);
  const last = new Map(looked.map(({ name, findings }) => [name, withoutOwn(findings)]));
  const first = last.get('Preflight') ?? [];
  const later = last.get('Replicate') ?? first;
  const codes = new Set(later.map(({ code }) => code));
  const readiness = [
    ...first.filter(({ code }) => codes.has(code)),
    ...later.filter(({ code }) => !first.some((finding) => finding.code === code)),
  ];
  const switching = [...last].flatMap(([name, found]) => (name === 'Preflight' || name === 'Replicate' ? [] : found));
  const brief = (severity: string) =>
    [
      ...readiness.map((finding) => ({ of: 'readiness' as const, ...finding })),
      ...switching.map((finding) => ({ of: 'switch' as const, ...finding })),
    ]
      .filter((finding) => finding.severity === severity)
      .map(({ of, code, objects, more, message, remedy }) => ({ of, code, objects, more, message, remedy }));
  return { blockers: brief('blocker'), warnings: brief('warning') };
}
