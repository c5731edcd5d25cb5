/** One execution of a synthesized machine, by a local interpreter in place of Step Functions. */
import { ExecutionAbortedError, StateMachine } from 'aws-local-stepfunctions';
import type { ReportedFinding } from '../../lambdas/checks/report.ts';
import type { Json } from '../../lambdas/config/json.ts';
import type { StepEvent, StepResult } from '../../lambdas/engine/contract.ts';
import { MACHINES, type Stage, type StepName, type WorkerItem } from '../../lambdas/engine/machines.ts';
import type { Bindings } from '../../lambdas/ports/bindings.ts';
import { FunctionError, invoke } from './local-function.ts';
import type { ExecutionRegistry } from './registry.ts';
import { eachState } from './states.ts';
import type { SynthesizedMachine } from './synthesize.ts';

/** A child of a map. */
export interface WorkerOf {
  readonly number: number;
  /** How many there are that take the same step. */
  readonly of: number;
}

/** One visit of a step, when it has ended. */
export interface Visited {
  readonly machine: string;
  readonly step: StepName;
  /** Of several that are visited side by side in this step; undefined where there is one. */
  readonly worker?: WorkerOf | undefined;
  /** Number of visits of this step in this execution, this one included; of this worker where there are several. */
  readonly visits: number;
  /** Seconds since the first of these visits began. */
  readonly seconds: number;
  /** The visit's result, or its error. */
  readonly outcome: StepResult | FunctionError;
}

export interface ExecutionOptions {
  readonly machine: SynthesizedMachine;
  readonly name: string;
  readonly input: Readonly<Record<string, Json>>;
  readonly registry: ExecutionRegistry;
  /** What is behind the ports, asked for anew at each visit: a target may become known, and an address may change. */
  readonly places: Places;
  readonly pace: Pace;
  /** Runs a step's function. @default - in this process */
  readonly invoke?: typeof invoke;
  /** Called when a visit begins. */
  onVisit?(machine: string, step: StepName, worker?: WorkerOf): void;
  /** Called when a visit has ended; its state is left when what it returns is done, so that the caller may intervene right there. */
  onVisited?(visited: Visited, execution: Pick<Execution, 'abort'>): void | Promise<void>;
}

/** The bindings of an execution. Where the migration makes the login of the target, there is none at first. */
export type Places = Omit<Bindings, 'executions' | 'target'> & { readonly target: Bindings['target'] | undefined };

/** Milliseconds in place of what takes minutes in production. */
export interface Pace {
  readonly budgetMs: number;
  readonly pollMs: number;
  readonly retryMs: number;
}
export const DEFAULT_PACE: Pace = { budgetMs: 60_000, pollMs: 250, retryMs: 500 };

/** Number of times that a task state was entered or retried, and its time from first to last, waiting included. */
export interface StateRecord {
  readonly name: string;
  /** Of the first visit, in milliseconds since 1970. */
  readonly startedAt: number;
  visits: number;
  seconds: number;
}

export interface Outcome {
  /** Of the machine. */
  readonly name: string;
  /** Of the execution. */
  readonly execution: string;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly seconds: number;
  /** States entered, choices and waits included. */
  readonly transitions: number;
  /** Task states in the order of their first visit. */
  readonly states: readonly StateRecord[];
  /** The error that the console would show. */
  readonly failure: { readonly error: string; readonly cause: string } | undefined;
  /** The last result of each step, by its name. */
  readonly evidence: Readonly<Partial<Record<StepName, Json>>>;
  /** Findings of the readiness check, as it wrote them into its log; blockers included, which its result does not hold. */
  readonly findings: readonly ReportedFinding[];
}

export interface Execution {
  /** Resolves, never rejects, when the machine has ended and nothing of it is under way any more. */
  readonly ended: Promise<Outcome>;
  /** As the console's Stop button: the next state is not entered. */
  abort(): void;
}

/** To validate a definition takes longer than many an execution, and CDK has made it: a test of ours validates what it makes. */
const interpreterOf = ({ definition }: SynthesizedMachine): StateMachine =>
  new StateMachine(definition, { validationOptions: { noValidate: true } });

const secondsSince = (start: number): number => Math.round(performance.now() - start) / 1000;

export function startExecution(options: ExecutionOptions): Execution {
  const { machine, name, input, registry, pace } = options;
  const start = performance.now();
  const startedAt = Date.now();
  const records = new Records();
  const underWay = new Set<Promise<unknown>>();
  const evidence: Partial<Record<StepName, Json>> = {};
  let findings: ReportedFinding[] = [];
  const places = (): Partial<Bindings> => {
    const { target, ...others } = options.places;
    return { ...others, ...(target && { target }), executions: registry.viewOf(name) };
  };

  const visit = async (stateName: string, event: StepEvent): Promise<StepResult> => {
    const fn = machine.functions[stateName];
    if (!fn) throw new Error(`The state ${stateName} has no function.`);
    const worker = workerOf(machine, fn.step, event, evidence);
    const left = records.enter(stateName, worker?.number);
    options.onVisit?.(machine.name, fn.step, worker);
    const tell = async (outcome: Visited['outcome']) => {
      await options.onVisited?.({ machine: machine.name, step: fn.step, worker, ...left(), outcome }, { abort });
    };
    if (fn.step === 'CheckReadiness') findings = [];
    const keep = (_: string, fields?: object) => {
      if (isFinding(fields)) findings.push(fields);
    };
    try {
      const result = await (options.invoke ?? invoke)(fn, event, places(), pace.budgetMs, { info: keep, warn: keep });
      evidence[fn.step] = result.evidence;
      await tell(result);
      return result;
    } catch (error) {
      if (error instanceof FunctionError) await tell(error);
      throw error;
    }
  };

  const handlers = Object.fromEntries(
    Object.keys(machine.functions).map((stateName) => [
      stateName,
      (event: unknown) => {
        const visiting = visit(stateName, event as StepEvent);
        underWay.add(visiting);
        return visiting.finally(() => underWay.delete(visiting)) as never;
      },
    ]),
  );

  registry.begin({ name, acts: machine.acts });
  const running = interpreterOf(machine).run(input as never, {
    overrides: {
      taskResourceLocalHandlers: handlers,
      waitTimeOverrides: eachState(machine.definition, 'Wait', pace.pollMs),
      retryIntervalOverrides: eachState(machine.definition, 'Task', pace.retryMs),
    },
    context: {
      Execution: { Name: name, Id: `arn:aws:states:eu-central-1:111122223333:execution:${machine.name}:${name}` },
    },
  });
  function abort(): void {
    registry.end(name); // it is no longer listed as running, though its function goes on
    running.abort();
  }

  const ended = (async (): Promise<Outcome> => {
    const counting = countTransitions(running.eventLogs);
    const result = await running.result.then(
      () => ({ status: 'SUCCEEDED' as const, failure: undefined }),
      (error: unknown) => failureOf(error),
    );
    await Promise.allSettled([...underWay]);
    registry.end(name, result.failure?.error);
    return {
      ...result,
      name: machine.name,
      execution: name,
      startedAt,
      seconds: secondsSince(start),
      transitions: await counting,
      states: records.ofStates(),
      evidence,
      findings,
    };
  })();
  return { ended, abort };
}

/** Visits, of a state and of each worker in it. */
class Records {
  readonly #entries = new Map<string, { record: StateRecord; since: number }>();
  readonly #states: StateRecord[] = [];

  /** @returns what to call when the visit has ended */
  enter(state: string, worker: number | undefined): () => Pick<StateRecord, 'visits' | 'seconds'> {
    const ofState = this.#enter(state, (record) => this.#states.push(record));
    const itself = worker === undefined ? ofState : this.#enter(`${state} ${worker}`);
    return () => {
      for (const { record, since } of [ofState, itself]) record.seconds = secondsSince(since);
      const { visits, seconds } = itself.record;
      return { visits, seconds };
    };
  }

  /** Of each state, in the order of the first visits. */
  ofStates(): readonly StateRecord[] {
    return this.#states;
  }

  #enter(name: string, onFirst?: (record: StateRecord) => void) {
    let entry = this.#entries.get(name);
    if (!entry) {
      entry = { record: { name, startedAt: Date.now(), visits: 0, seconds: 0 }, since: performance.now() };
      this.#entries.set(name, entry);
      onFirst?.(entry.record);
    }
    entry.record.visits += 1;
    return entry;
  }
}

/** The child of a map that a visit is for, where it has others beside it. */
function workerOf({ name }: SynthesizedMachine, step: StepName, { state }: StepEvent, evidence: Outcome['evidence']): WorkerOf | undefined {
  const order: readonly Stage[] = MACHINES[name].order;
  const workers = order.find((stage) => stage.workers?.steps.includes(step))?.workers;
  if (!workers) return undefined;
  const listed = evidence[workers.listedBy] as { readonly workers?: readonly WorkerItem[] } | undefined;
  const of = listed?.workers?.filter((item) => item.step === step).length ?? 0;
  return of > 1 ? { number: Number(state.worker), of } : undefined;
}

const isFinding = (fields?: object): fields is ReportedFinding => fields !== undefined && 'severity' in fields && 'code' in fields;

async function countTransitions(events: AsyncIterable<{ readonly type: string }>): Promise<number> {
  let entered = 0;
  for await (const { type } of events) if (type === 'StateEntered') entered += 1;
  return entered;
}

function failureOf(error: unknown): Pick<Outcome, 'status' | 'failure'> {
  if (error instanceof ExecutionAbortedError) return { status: 'ABORTED', failure: undefined };
  const { cause } = error as { cause?: unknown };
  const last = cause instanceof Error ? cause : (error as Error);
  return { status: 'FAILED', failure: { error: last.name, cause: last.message } };
}
