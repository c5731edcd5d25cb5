/** Which executions are one migration. */
import type { ExecutionHistory } from './history.ts';

type Ended = Pick<ExecutionHistory, 'machine' | 'status' | 'startedAt'>;

const endsIt = ({ machine, status }: Ended): boolean => machine === 'Cleanup' && status === 'SUCCEEDED';

/**
 * The newest migration: from the first execution after the Cleanup before it to its own last one. Cleanup may be started again after it has
 * succeeded, which begins no new migration.
 * @param executions in any order @returns oldest first
 */
export function newestMigration<Execution extends Ended>(executions: readonly Execution[]): Execution[] {
  const all = executions.toSorted((one, other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
  const lastWork = all.findLastIndex(({ machine }) => machine !== 'Cleanup');
  const before = all.slice(0, Math.max(lastWork, 0)).findLastIndex(endsIt);
  return all.slice(before + 1);
}
