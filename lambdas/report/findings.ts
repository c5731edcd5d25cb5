/** Findings of all checks, each once, and what became of it. */
import type { ReportedFinding } from '../checks/report.ts';
import type { ErrorName } from '../config/errors.ts';
import type { StepName } from '../engine/machines.ts';
import { fieldsOf, listIn, textsIn } from './evidence.ts';
import type { ExecutionHistory } from './history.ts';
import type { FindingReport } from './model.ts';

/** The checks that look at the same things: a later look tells what became of an earlier one's findings. */
const CHECKS: readonly StepName[] = ['CheckReadiness', 'CheckCutover', 'CheckRollback', 'CompareData'];

/** The errors with which a check refuses, by the check. */
const REFUSALS: Readonly<Record<string, StepName>> = {
  NotReady: 'CheckReadiness',
  CutoverRefused: 'CheckCutover',
  RollbackRefused: 'CheckRollback',
  DataDiffers: 'CompareData',
} satisfies Partial<Record<ErrorName, StepName>>;

interface Look {
  readonly check: StepName;
  readonly execution: ExecutionHistory;
  readonly findings: readonly ReportedFinding[];
}

/** A look that found a blocker left no evidence: its findings are known where the history has them from the log. */
function looksOf(execution: ExecutionHistory): Look[] {
  return CHECKS.filter((check) => execution.states.some(({ name }) => name === check)).map((check) => {
    const said = listIn(fieldsOf(execution.evidence[check]).warnings) as unknown as ReportedFinding[];
    if (said.length > 0 || check === 'CompareData') return { check, execution, findings: [...said, ...refusalOf(execution, check)] };
    const logged = execution.findings;
    return {
      check,
      execution,
      findings: logged.some(({ severity }) => severity === 'blocker') ? logged : [...logged, ...refusalOf(execution, check)],
    };
  });
}

/** What a check refused with, as one finding: its message names them all. */
function refusalOf({ error, cause }: ExecutionHistory, check: StepName): ReportedFinding[] {
  if (error === null || REFUSALS[error] !== check) return [];
  const remedy = 'The message says what to do about each; docs/errors.md says more.';
  return [{ code: error, severity: 'blocker', objects: [], more: 0, message: cause ?? error, remedy, statements: [] }];
}

/** Whether a look came to its end: one that was cut off says nothing about what it did not find. */
const isWhole = ({ check, execution, findings }: Look): boolean => execution.evidence[check] !== undefined || findings.length > 0;

export function findingsOf(executions: readonly ExecutionHistory[]): FindingReport[] {
  const looks = executions.flatMap(looksOf).filter(isWhole);
  const found = new Map<string, FindingReport>();
  for (const { check, execution, findings } of looks) {
    for (const { code, severity, objects, more, message, remedy } of findings) {
      const known = { code, severity, objects: textsIn(objects), more: more ?? 0, message, remedy };
      const where = { machine: execution.machine, execution: execution.execution };
      found.delete(`${check} ${code}`);
      found.set(`${check} ${code}`, { ...known, ...where, became: isLast(looks, check, execution) ? 'stays' : 'gone' });
    }
  }
  return [...found.values()].sort((one, other) => rank(one) - rank(other));
}

const isLast = (looks: readonly Look[], check: StepName, execution: ExecutionHistory): boolean =>
  looks.findLast((look) => look.check === check)?.execution === execution;

/** Blockers first, and what stays before what is gone. */
const rank = ({ severity, became }: FindingReport): number => (severity === 'blocker' ? 0 : 1) + (became === 'stays' ? 0 : 2);
