/** The executions that run, as ListExecutions would list them. */
import type { Executions } from '../../lambdas/ports/executions.ts';

interface Running {
  readonly name: string;
  readonly acts: boolean;
}

export class ExecutionRegistry {
  /** Oldest first. */
  readonly #running: Running[] = [];
  /** Names of executions that ended with AlreadyRunning. */
  readonly #steppedAside = new Set<string>();

  begin(execution: Running): void {
    this.#running.push(execution);
  }

  /** @param error with which it failed */
  end(name: string, error?: string): void {
    if (error === 'AlreadyRunning') this.#steppedAside.add(name);
    const index = this.#running.findIndex((running) => running.name === name);
    if (index >= 0) this.#running.splice(index, 1);
  }

  /** The other executions, as one of them sees them. */
  viewOf(name: string): Executions {
    return {
      older: async (ended) => {
        const itself = this.#running.findIndex((running) => running.name === name);
        if (!this.#running[itself]?.acts) return undefined;
        return this.#running.slice(0, itself).find((other) => other.acts && other.name !== ended)?.name;
      },
      steppedAside: async (execution) => this.#steppedAside.has(execution),
    };
  }
}
