/** The executions of one rehearsal. */
import { randomBytes } from 'node:crypto';
import type { Json } from '../lambdas/config/json.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';
import type { Machinery, RehearsalStage } from './context.ts';
import { DEFAULT_PACE, type Execution, type Outcome, startExecution } from './machines/execution.ts';
import { recoveryAfter } from './machines/recovery.ts';

/** Runs one machine after another, with what follows from how each ends. */
export class Runner implements Machinery {
  readonly #stage: RehearsalStage;
  readonly outcomes: Outcome[] = [];
  readonly #name = `rehearsal-${randomBytes(4).toString('hex')}`;
  #executions = 0;
  #current: Execution | undefined;

  constructor(stage: RehearsalStage) {
    this.#stage = stage;
  }

  /** One execution to its end, and that of `Recovery` where one follows. @throws where the rehearsal is interrupted */
  async run(name: MachineName, input: Readonly<Record<string, Json>> = {}): Promise<Outcome> {
    const { company } = this.#stage;
    company.signal?.throwIfAborted();
    this.#current = this.#start(name, input);
    const outcome = await this.#current.ended;
    company.signal?.throwIfAborted();
    company.progress.ended(outcome);
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
    const { company, machines, places, sides, registry } = this.#stage;
    this.#executions += 1;
    return startExecution({
      machine: machines[name],
      name: `${this.#name}-${this.#executions}`,
      input,
      registry,
      places,
      pace: company.pace ?? DEFAULT_PACE,
      onVisit(machine, step) {
        company.progress.visiting(machine, step);
        company.onVisit?.({ machine, step }, sides);
      },
      async onVisited(visited) {
        company.progress.visited(visited);
        await company.onVisited?.(visited, sides);
      },
    });
  }
}
