/** The executions that run, as ListExecutions would tell of them. */
import type { Executions } from '../../../lambdas/contract.ts';

interface Running {
  readonly name: string;
  readonly acts: boolean;
}

export class ExecutionRegistry {
  /** Oldest first. */
  readonly #running: Running[] = [];

  begin(execution: Running): void {
    this.#running.push(execution);
  }

  end(name: string): void {
    const index = this.#running.findIndex((running) => running.name === name);
    if (index >= 0) this.#running.splice(index, 1);
  }

  /** What one execution learns of the others. */
  viewOf(name: string): Executions {
    return {
      older: async () => {
        const itself = this.#running.findIndex((running) => running.name === name);
        if (!this.#running[itself]?.acts) return undefined;
        return this.#running.slice(0, itself).find(({ acts }) => acts)?.name;
      },
    };
  }
}
