/** Of two executions that would fight, the younger steps aside. Each machine that acts asks in its first step. */
import type { Executions } from './contract.ts';
import { AlreadyRunning } from './errors.ts';

/** @throws AlreadyRunning while an older execution of a machine that acts is running */
export async function refuseBesideOlder(executions: Executions): Promise<void> {
  const older = await executions.older();
  if (older !== undefined) throw new AlreadyRunning(older);
}
