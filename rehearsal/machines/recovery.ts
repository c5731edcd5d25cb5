/** A simulation of the rule that starts `Recovery` in an account, for executions on a laptop. */
import type { Json } from '../../lambdas/config/json.ts';
import { MACHINES, type MachineName, type Stage } from '../../lambdas/engine/machines.ts';
import type { Outcome } from './execution.ts';

/** The machines that fence a side, as `lib/migration.ts` lists them for the rule. */
const fences = (name: string): boolean =>
  Object.hasOwn(MACHINES, name) && MACHINES[name as MachineName].order.some(({ onFailure }: Stage) => onFailure !== undefined);

/**
 * In an account an EventBridge rule listens to "Step Functions Execution Status Change": an execution of a machine that fences a side and
 * becomes FAILED, ABORTED or TIMED_OUT starts `Recovery` with the execution's name. Here there is no event bus, and an execution has no time
 * limit, so the runner asks when one has ended.
 * @returns the input of the execution of `Recovery` that the rule would start; undefined where it would start none
 */
export function recoveryAfter({
  name,
  status,
  execution,
}: Pick<Outcome, 'name' | 'status' | 'execution'>): { execution: Json } | undefined {
  return fences(name) && status !== 'SUCCEEDED' ? { execution } : undefined;
}
