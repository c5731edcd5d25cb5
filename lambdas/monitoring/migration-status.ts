/**
 * Whether a migration is open, from the executions alone: a deployment that was never started must not touch a database, and after Cleanup
 * there is nothing to watch. The calls of Step Functions cost nothing, and are never stale as an enabled schedule could be.
 */

/** The newest execution of one machine. */
export interface Newest {
  /** Name of the machine, without the stack's. */
  readonly machine: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly succeeded: boolean;
}

export interface MigrationStatus {
  /**
   * From the start of the first machine that acts until an execution of `Cleanup` has succeeded. Step Functions forgets an execution 90 days
   * after its end, so a migration that stays open for longer is watched again from the next execution on.
   */
  readonly open: boolean;
  /** Whether the latest execution of `Replicate` has succeeded. */
  readonly replicated: boolean;
}

/**
 * @param newest of each machine that acts
 * @param cleaned when the newest execution of `Cleanup` that has succeeded was started
 */
export function migrationStatusOf(newest: readonly Newest[], cleaned: number | undefined): MigrationStatus {
  const acted = newest.filter(({ machine }) => machine !== 'Cleanup').map(({ startedAt }) => startedAt);
  const open = acted.length > 0 && (cleaned === undefined || Math.max(...acted) > cleaned);
  return { open, replicated: newest.some(({ machine, succeeded }) => machine === 'Replicate' && succeeded) };
}
