/** Executions of the deployed machines, started as the console would, and told as the rehearsal tells of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  type HistoryEvent,
  paginateGetExecutionHistory,
  paginateListExecutions,
  paginateListMapRuns,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { ReportedFinding } from '../../lambdas/checks/report.ts';
import type { Json } from '../../lambdas/config/json.ts';
import type { StepResult } from '../../lambdas/engine/contract.ts';
import type { MachineName, StepName } from '../../lambdas/engine/machines.ts';
import type { Machinery } from '../../rehearsal/context.ts';
import type { Progress } from '../../rehearsal/display/progress.ts';
import type { Outcome, StateRecord } from '../../rehearsal/machines/execution.ts';
import { ACCOUNT, type Clients, REGION } from './site.ts';
import { STACK } from './stack.ts';

const LOOK_AGAIN_MS = 200;
const STATUS = { SUCCEEDED: 'SUCCEEDED', ABORTED: 'ABORTED' } as const;

export interface Deployed {
  readonly clients: Clients;
  /** What the readiness check has found in an execution, as it wrote it into its log. */
  findings(execution: string): Promise<readonly ReportedFinding[]>;
  readonly progress: Progress;
}

const machineArn = (name: MachineName): string => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${STACK}-${name}`;

export class DeployedMachinery implements Machinery {
  readonly outcomes: Outcome[] = [];
  readonly #deployed: Deployed;
  #current: string | undefined;

  constructor(deployed: Deployed) {
    this.#deployed = deployed;
  }

  async run(name: MachineName, input: Readonly<Record<string, Json>> = {}): Promise<Outcome> {
    const outcome = await this.outcomeOf(name, await this.start(name, input));
    this.outcomes.push(outcome);
    return outcome;
  }

  /** @returns ARN of the execution */
  async start(name: MachineName, input: Readonly<Record<string, Json>> = {}): Promise<string> {
    const { clients } = this.#deployed;
    const begun = await clients.executions.send(
      new StartExecutionCommand({ stateMachineArn: machineArn(name), input: JSON.stringify(input) }),
    );
    this.#current = begun.executionArn ?? '';
    return this.#current;
  }

  abort(): void {
    if (this.#current !== undefined) void this.stop(this.#current).catch(() => {}); // it may have ended
  }

  async stop(executionArn: string): Promise<void> {
    await this.#deployed.clients.executions.send(new StopExecutionCommand({ executionArn }));
  }

  /** Waits for an execution's end, started by a person or by a rule. */
  async outcomeOf(name: MachineName, executionArn: string): Promise<Outcome> {
    const { clients, findings, progress } = this.#deployed;
    const since = performance.now();
    for (;;) {
      const found = await clients.executions.send(new DescribeExecutionCommand({ executionArn }));
      if (found.status !== 'RUNNING') {
        const events = await this.eventsOf(executionArn);
        const outcome: Outcome = {
          name,
          execution: found.name ?? '',
          status: STATUS[found.status as keyof typeof STATUS] ?? 'FAILED',
          startedAt: found.startDate?.getTime() ?? 0,
          seconds: Math.round(performance.now() - since) / 1000,
          transitions: events.filter(({ type }) => type?.endsWith('StateEntered')).length,
          states: statesOf(events),
          failure: found.error === undefined ? undefined : { error: found.error, cause: found.cause ?? '' },
          evidence: evidenceOf(events),
          findings: await findings(found.name ?? ''),
        };
        for (const { name: state, visits, seconds } of outcome.states)
          progress.say(`${name.padEnd(10)} ${state.padEnd(22)} ${seconds.toFixed(1).padStart(6)} s  ${visits} visits`);
        progress.ended(outcome);
        return outcome;
      }
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Waits until an execution has entered a task. */
  async untilAtWork(executionArn: string): Promise<void> {
    while (!(await this.eventsOf(executionArn)).some(({ type }) => type === 'TaskStateEntered')) await sleep(LOOK_AGAIN_MS);
  }

  async eventsOf(executionArn: string): Promise<HistoryEvent[]> {
    const client = this.#deployed.clients.executions;
    const events: HistoryEvent[] = [];
    for await (const page of paginateGetExecutionHistory({ client }, { executionArn, maxResults: 1000 }))
      events.push(...(page.events ?? []));
    return events;
  }

  /** Every execution of a machine, the youngest first. */
  async executionsOf(name: MachineName): Promise<ExecutionListItem[]> {
    const { clients } = this.#deployed;
    const found: ExecutionListItem[] = [];
    for await (const page of paginateListExecutions({ client: clients.executions }, { stateMachineArn: machineArn(name) })) {
      found.push(...(page.executions ?? []));
    }
    return found;
  }

  /** The children of every map that an execution has begun. */
  async childrenOf(executionArn: string): Promise<ExecutionListItem[]> {
    const client = this.#deployed.clients.executions;
    const found: ExecutionListItem[] = [];
    for await (const { mapRuns = [] } of paginateListMapRuns({ client }, { executionArn })) {
      for (const { mapRunArn } of mapRuns)
        for await (const page of paginateListExecutions({ client }, { mapRunArn })) found.push(...(page.executions ?? []));
    }
    return found;
  }
}

/** Of a task state: when it was entered first, how often its function was called, and when it was left last. */
function statesOf(events: readonly HistoryEvent[]): StateRecord[] {
  const records = new Map<string, { record: StateRecord; since: number }>();
  let within: string | undefined;
  for (const { type, timestamp, stateEnteredEventDetails: entered } of events) {
    const at = timestamp?.getTime() ?? 0;
    if (type === 'TaskStateEntered' && entered?.name !== undefined) {
      within = entered.name;
      if (!records.has(within)) records.set(within, { record: { name: within, startedAt: at, visits: 0, seconds: 0 }, since: at });
    } else if (type?.endsWith('StateEntered')) within = undefined;
    const entry = within === undefined ? undefined : records.get(within);
    if (!entry) continue;
    if (type === 'TaskScheduled' || type === 'LambdaFunctionScheduled') entry.record.visits += 1;
    entry.record.seconds = (at - entry.since) / 1000;
  }
  return [...records.values()].map(({ record }) => record);
}

/** What each step returned last. */
function evidenceOf(events: readonly HistoryEvent[]): Partial<Record<StepName, Json>> {
  const evidence: Partial<Record<StepName, Json>> = {};
  for (const { type, stateExitedEventDetails: exited } of events) {
    if (type !== 'TaskStateExited' || exited?.name === undefined) continue;
    const state = JSON.parse(exited.output ?? '{}') as Partial<Record<string, StepResult>>;
    const result = state[exited.name];
    if (result) evidence[exited.name as StepName] = result.evidence;
  }
  return evidence;
}
