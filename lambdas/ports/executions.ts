/** The executions of the machines that act on this database. */
export interface Executions {
  /**
   * The oldest running execution that began before this one, by names that a person finds in the console, if there is one. Always undefined
   * for a machine that only looks.
   * @param ended name of an execution of Cutover or Rollback that is known to have ended, whatever is told of it for a moment more
   */
  older(ended?: string): Promise<string | undefined>;
  /** Whether the execution of Cutover or Rollback of this name ended with {@link AlreadyRunning}, for which an older one was the reason. */
  steppedAside(execution: string): Promise<boolean>;
}
