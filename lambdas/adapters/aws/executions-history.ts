/** The executions of the machines as a report tells of them, from Step Functions, which keeps them for 90 days after their end. */
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  type ExecutionListItem,
  type ExecutionStatus,
  GetExecutionHistoryCommand,
  type GetExecutionHistoryCommandOutput,
  type HistoryEvent,
  ListExecutionsCommand,
  type ListExecutionsCommandOutput,
  paginateGetExecutionHistory,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { ReportedFinding } from '../../checks/report.ts';
import type { Json } from '../../config/json.ts';
import type { MachineName, StepName } from '../../engine/machines.ts';
import type { ExecutionHistory, StateHistory } from '../../report/history.ts';
import { newestMigration } from '../../report/one-migration.ts';
import { translateCommon } from './aws-errors.ts';
import { isChildOfMap, machineIn } from './migration-status.ts';

/** An execution as a list names it. */
interface Listed {
  readonly machine: MachineName;
  readonly arn: string;
  readonly status: ExecutionHistory['status'];
  readonly startedAt: string;
}

const momentOf = (date: Date | undefined): string | null => date?.toISOString() ?? null;

/** One that may be redriven has failed until somebody does that. */
const statusOf = (status: ExecutionStatus = 'RUNNING'): ExecutionHistory['status'] => (status === 'PENDING_REDRIVE' ? 'FAILED' : status);

function listed(stateMachineArn: string, { executionArn = '', status, startDate }: ExecutionListItem): Listed {
  return {
    machine: machineIn(stateMachineArn) as MachineName,
    arn: executionArn,
    status: statusOf(status),
    startedAt: momentOf(startDate) ?? '',
  };
}

/** Names its action where an answer is missing. */
async function asking<Answer>(action: string, resource: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw translateCommon(error, { action, resource }) ?? error;
  }
}

async function executionsOf(client: SFNClient, stateMachineArn: string): Promise<Listed[]> {
  const found: Listed[] = [];
  let nextToken: string | undefined;
  do {
    const command = new ListExecutionsCommand({ stateMachineArn, maxResults: 1_000, ...(nextToken && { nextToken }) });
    const page: ListExecutionsCommandOutput = await asking('states:ListExecutions', stateMachineArn, () => client.send(command));
    found.push(...(page.executions ?? []).filter((one) => !isChildOfMap(one)).map((one) => listed(stateMachineArn, one)));
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

/** Names and times of all events, without the data between the states: of a long execution that is a tenth of it. */
async function eventsOf(client: SFNClient, executionArn: string): Promise<HistoryEvent[]> {
  return asking('states:GetExecutionHistory', executionArn, async () => {
    const events: HistoryEvent[] = [];
    const pages = paginateGetExecutionHistory({ client }, { executionArn, maxResults: 1_000, includeExecutionData: false });
    for await (const page of pages) events.push(...(page.events ?? []));
    return events;
  });
}

/** States that do the work; the others only lead from one to the next. */
const WORKING = new Set(['TaskStateEntered', 'MapStateEntered']);

/** Of each task and each map: when it was entered first, how often, and when it was left last. */
export function statesOf(events: readonly HistoryEvent[]): StateHistory[] {
  const states = new Map<string, { name: string; startedAt: string; endedAt: string | null; visits: number }>();
  for (const { type = '', timestamp, stateEnteredEventDetails: entered, stateExitedEventDetails: exited } of events) {
    const at = momentOf(timestamp) ?? '';
    if (WORKING.has(type) && entered?.name !== undefined) {
      const state = states.get(entered.name) ?? { name: entered.name, startedAt: at, endedAt: null, visits: 0 };
      state.visits += 1;
      states.set(entered.name, state);
    }
    const left = exited?.name === undefined ? undefined : states.get(exited.name);
    if (left) left.endedAt = at;
  }
  return [...states.values()];
}

/** What each step returned last, from the data of an execution. */
function evidenceIn(data: string | undefined): ExecutionHistory['evidence'] {
  const results = Object.entries(JSON.parse(data ?? '{}') as Readonly<Record<string, unknown>>);
  const evidence = results.flatMap(([step, result]) =>
    typeof result === 'object' && result !== null && 'evidence' in result ? [[step as StepName, result.evidence as Json] as const] : [],
  );
  return Object.fromEntries(evidence);
}

/** A state that is tried 37 times leaves some hundred events. */
const MOST_PAGES_BACK = 5;

/** Of an execution that has no output, because it failed or runs: what its last state left. */
async function lastData(client: SFNClient, executionArn: string): Promise<string | undefined> {
  let nextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES_BACK; page += 1) {
    const command = new GetExecutionHistoryCommand({
      ...{ executionArn, reverseOrder: true, maxResults: 100, includeExecutionData: true },
      ...(nextToken && { nextToken }),
    });
    const found: GetExecutionHistoryCommandOutput = await asking('states:GetExecutionHistory', executionArn, () => client.send(command));
    const output = found.events?.find(({ stateExitedEventDetails: exited }) => exited?.output !== undefined)?.stateExitedEventDetails
      ?.output;
    nextToken = found.nextToken;
    if (output !== undefined || !nextToken) return output;
  }
  return undefined;
}

const WITH_FINDINGS = ['CheckReadiness', 'CheckCutover', 'CheckRollback'] as const satisfies readonly StepName[];

function findingsIn(evidence: ExecutionHistory['evidence']): ReportedFinding[] {
  return WITH_FINDINGS.flatMap((step) => {
    const said = evidence[step] as { readonly warnings?: readonly ReportedFinding[] } | undefined;
    return Array.isArray(said?.warnings) ? said.warnings : [];
  });
}

/** An execution with its ARN, by which the console finds it. */
export interface ReadExecution extends ExecutionHistory {
  readonly arn: string;
}

async function historyOf(client: SFNClient, { machine, arn, status, startedAt }: Listed): Promise<ReadExecution> {
  const described: DescribeExecutionCommandOutput = await asking('states:DescribeExecution', arn, () =>
    client.send(new DescribeExecutionCommand({ executionArn: arn })),
  );
  const evidence = evidenceIn(described.output ?? (await lastData(client, arn)));
  return {
    ...{ machine, arn, startedAt },
    // The list, which came before, may be older.
    status: described.status === undefined ? status : statusOf(described.status),
    execution: described.name ?? '',
    endedAt: momentOf(described.stopDate),
    error: described.error ?? null,
    cause: described.cause ?? null,
    states: statesOf(await eventsOf(client, arn)),
    evidence,
    findings: findingsIn(evidence),
  };
}

/** Each migration has some; of more, which are those of a person who tries, the first tells when it began, and the newest what came of it. */
const MOST_EXECUTIONS = 100;
const few = (all: readonly Listed[]): readonly Listed[] => {
  const moving = all.length > MOST_EXECUTIONS ? all.filter(({ machine }, at) => at === 0 || machine !== 'Preflight') : all;
  return moving.length > MOST_EXECUTIONS ? [...moving.slice(0, 1), ...moving.slice(1 - MOST_EXECUTIONS)] : moving;
};

const listAll = async (client: SFNClient, machines: readonly string[]): Promise<Listed[]> =>
  (await Promise.all(machines.map((arn) => executionsOf(client, arn)))).flat();

/** A text that is another one once an execution has begun or ended. @throws InvalidConfiguration where a right is missing */
export async function readStanding(client: SFNClient, machines: readonly string[]): Promise<string> {
  const all = await listAll(client, machines);
  return all.map(({ arn, status }) => `${arn} ${status}`).join('\n');
}

/**
 * The executions of the newest migration, oldest first.
 * @param machines ARNs of the machines to tell of
 * @throws InvalidConfiguration where a right is missing
 */
export async function readExecutions(client: SFNClient, machines: readonly string[]): Promise<ReadExecution[]> {
  const all = await listAll(client, machines);
  const histories: ReadExecution[] = [];
  for (const execution of few(newestMigration(all))) histories.push(await historyOf(client, execution));
  return histories;
}
