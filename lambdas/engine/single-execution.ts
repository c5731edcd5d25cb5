/** Of two executions that would fight, the younger steps aside. Each machine that acts asks in its first step. */
import { AlreadyRunning } from '../config/errors.ts';
import type { Executions } from '../ports/executions.ts';

/** @throws AlreadyRunning while an older execution of a machine that acts is running */
export async function refuseBesideOlder(executions: Executions): Promise<void> {
  const older = await executions.older();
  if (older !== undefined) throw new AlreadyRunning(older);
}

/**
 * For what follows on the end of an execution, `ended`. One that ended because it stepped aside for an older one has nothing to be mended,
 * as long as nothing of its own is found.
 * @returns the older execution, to which everything else is left; undefined where none is running
 * @throws AlreadyRunning while an older execution is running for any other reason
 */
export async function leftToOlder(executions: Executions, ended: string | undefined): Promise<string | undefined> {
  const older = await executions.older(ended);
  if (older === undefined || (ended !== undefined && (await executions.steppedAside(ended)))) return older;
  throw new AlreadyRunning(older);
}
