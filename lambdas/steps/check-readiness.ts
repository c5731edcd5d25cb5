/**
 * State `CheckReadiness`: one look at both sides that lists every obstacle. It changes nothing anywhere. Where the target has no login yet, which
 * Preflight may meet, the source is looked at alone, and what was not looked at is said.
 */
import type { Finding } from '../checks/finding.ts';
import { TARGET_NOT_LOOKED_AT } from '../checks/known.ts';
import { loadContext } from '../checks/readiness/context.ts';
import { CHECKS } from '../checks/readiness/index.ts';
import { evidenceOf, hasBlocker, logFindings, notReadyMessage } from '../checks/report.ts';
import { findAll } from '../checks/run.ts';
import { NotReady, TargetNotKnown } from '../config/errors.ts';
import type { StepName } from '../engine/machines.ts';
import { refuseBesideOlder } from '../engine/single-execution.ts';
import { defineStep } from '../engine/step.ts';

const CONFIGURED: StepName = 'ConfigureTarget';

const sawTarget = (findings: readonly Finding[]): boolean => !findings.some(({ code }) => code === TARGET_NOT_LOOKED_AT);

export const checkReadiness = defineStep({
  needs: ['source', 'target', 'targetLogin', 'planetscale', 'cluster', 'applicationView', 'wayBack', 'concurrency', 'executions'],
  async inspect({ executions, log, results, targetLogin, ...looking }): Promise<Finding[]> {
    const findings = await findAll(CHECKS, await loadContext(looking));
    // Once ConfigureTarget was here there is a login: somebody has taken it out since, and nothing may be done unseen.
    if (CONFIGURED in results && !sawTarget(findings)) throw new TargetNotKnown(targetLogin.name);
    await refuseBesideOlder(executions); // last, because the list of executions may lag a second or two behind two that begin at once
    logFindings(log, findings);
    return findings;
  },
  judge(findings) {
    if (hasBlocker(findings)) throw new NotReady(notReadyMessage(findings));
    return 'done';
  },
  evidence: (findings) => ({
    ...evidenceOf(findings),
    target: sawTarget(findings) ? 'looked at' : 'not looked at',
  }),
});
