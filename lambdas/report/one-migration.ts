/** Which executions are one migration. */
import type { ExecutionHistory } from './history.ts';

type Ended = Pick<ExecutionHistory, 'machine' | 'status' | 'startedAt'>;

const endsIt = ({ machine, status }: Ended): boolean => machine === 'Cleanup' && status === 'SUCCEEDED';

/** What else may be started after a Cleanup has nothing to do with a new migration. */
const beginsOne = ({ machine }: Ended): boolean => machine === 'Preflight' || machine === 'Replicate';

/**
 * The newest migration: from the first execution after the Cleanup before it to its own last one. Cleanup, Recovery and Rotation may be started again
 * after Cleanup has succeeded, which begins no new migration.
 * @param executions in any order @returns oldest first
 */
export function newestMigration<Execution extends Ended>(executions: readonly Execution[]): Execution[] {
  const all = executions.toSorted((one, other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
  const newestBeginning = all.findLastIndex(beginsOne);
  const before = all.slice(0, Math.max(newestBeginning, 0)).findLastIndex(endsIt);
  const first = all.slice(before + 1).findIndex(beginsOne);
  return all.slice(before + 1 + Math.max(first, 0));
}
