/** The executions of one rehearsal. */
import { randomBytes } from 'node:crypto';
import type { Json } from '../lambdas/config/json.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';
import type { Machinery, RunnerContext } from './context.ts';
import { DEFAULT_PACE, type Execution, type Outcome, startExecution } from './machines/execution.ts';
import { recoveryAfter } from './machines/recovery.ts';

/** Runs one machine after another, and `Recovery` where it follows. */
export class Runner implements Machinery {
  readonly #context: RunnerContext;
  readonly outcomes: Outcome[] = [];
  readonly #name = `rehearsal-${randomBytes(4).toString('hex')}`;
  #executions = 0;
  #current: Execution | undefined;

  constructor(context: RunnerContext) {
    this.#context = context;
  }

  /** One execution to its end, and that of `Recovery` where one follows. @throws where the rehearsal is interrupted */
  async run(name: MachineName, input: Readonly<Record<string, Json>> = {}): Promise<Outcome> {
    const { hooks } = this.#context;
    hooks.signal?.throwIfAborted();
    this.#current = this.#start(name, input);
    const outcome = await this.#current.ended;
    hooks.signal?.throwIfAborted();
    hooks.progress.ended(outcome);
    this.outcomes.push(outcome);
    const recovery = recoveryAfter(outcome);
    if (recovery) await this.run('Recovery', recovery);
    return outcome;
  }

  /** The execution that is under way, if there is one. */
  abort(): void {
    this.#current?.abort();
  }

  #start(name: MachineName, input: Readonly<Record<string, Json>>): Execution {
    const { hooks, machines, places, sides, registry } = this.#context;
    this.#executions += 1;
    return startExecution({
      machine: machines[name],
      name: `${this.#name}-${this.#executions}`,
      input,
      registry,
      places,
      pace: hooks.pace ?? DEFAULT_PACE,
      onVisit(machine, step, worker) {
        hooks.progress.visiting(machine, step, worker);
        hooks.onVisit?.({ machine, step, worker }, sides);
      },
      async onVisited(visited) {
        hooks.progress.visited(visited);
        await hooks.onVisited?.(visited, sides);
      },
    });
  }
}
