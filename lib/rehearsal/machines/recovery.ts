/** The rule that starts `Recovery` in an account, played for executions on a laptop. */
import type { Json } from '../../../lambdas/contract.ts';
import type { MachineName } from '../../machines.ts';
import type { Outcome } from './execution.ts';

/** Machines whose end is watched, because they fence a side. */
const WATCHED: readonly string[] = ['Cutover', 'Rollback'] satisfies MachineName[];

/**
 * In an account an EventBridge rule listens to "Step Functions Execution Status Change": an execution of `Cutover` or `Rollback` that becomes
 * FAILED, ABORTED or TIMED_OUT starts `Recovery` with the execution's name. The local interpreter has no time limit of its own for an
 * execution, and there is no event bus, so whoever runs an execution asks here when it has ended.
 * @returns the input of the execution of `Recovery` that the rule would start; undefined where it would start none
 */
export function recoveryAfter({
  name,
  status,
  execution,
}: Pick<Outcome, 'name' | 'status' | 'execution'>): { execution: Json } | undefined {
  return WATCHED.includes(name) && status !== 'SUCCEEDED' ? { execution } : undefined;
}
