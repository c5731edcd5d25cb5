/** Of two executions that must not run at once, the younger ends. Each machine that acts checks it in its first step. */
import { AlreadyRunning } from '../config/errors.ts';
import type { Executions } from '../ports/executions.ts';

/** @throws AlreadyRunning while an older execution of a machine that acts is running */
export async function refuseBesideOlder(executions: Executions): Promise<void> {
  const older = await executions.older();
  if (older !== undefined) throw new AlreadyRunning(older);
}

/**
 * For the recovery after an execution, `ended`. One that ended because an older one was running has nothing to recover, as long as no
 * artifact of its own is found.
 * @returns the older execution, to which the rest is left; undefined where none is running
 * @throws AlreadyRunning while an older execution is running for any other reason
 */
export async function leftToOlder(executions: Executions, ended: string | undefined): Promise<string | undefined> {
  const older = await executions.older(ended);
  if (older === undefined || (ended !== undefined && (await executions.steppedAside(ended)))) return older;
  throw new AlreadyRunning(older);
}
