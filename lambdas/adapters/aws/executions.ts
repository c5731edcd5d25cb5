/** The port `executions` over Step Functions. */
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  ExecutionDoesNotExist,
  type ExecutionListItem,
  paginateListExecutions,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { AlreadyRunning, InvalidConfiguration, type MigrationError } from '../../config/errors.ts';
import type { StepEvent } from '../../engine/contract.ts';
import type { Executions } from '../../ports/executions.ts';
import { translateCommon } from './aws-errors.ts';
import { isChildOfMap, machineIn } from './migration-status.ts';

/** `arn:…:execution:Machine:name` → `arn:…:stateMachine:Machine` */
const machineOf = (executionArn: string): string => executionArn.replace(/:execution:([^:]+):.*$/, ':stateMachine:$1');
/** … and back */
const executionOf = (machineArn: string, name: string): string => `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
const nameOf = (machineArn: string): string => machineArn.split(':').at(-1) ?? machineArn;

/** The machines that Recovery follows. A name is unique among the executions of one machine only. */
const SWITCHES = new Set(['Cutover', 'Rollback']);
const isSwitch = (machineArn: string): boolean => SWITCHES.has(machineIn(machineArn));

/** @param actingMachines ARNs of the machines of which only one execution may run at a time */
export function executionsPort(
  client: SFNClient,
  actingMachines: readonly string[],
  { executionArn, startedAt }: Pick<StepEvent, 'executionArn' | 'startedAt'>,
): Executions {
  const began = Date.parse(startedAt);
  /** Two that began in the same millisecond are ordered by their ARNs, so that both come to the same result. */
  const isOlder = (other: Started): boolean => other.began < began || (other.began === began && other.arn < executionArn);
  let foundNone = false;

  /** The list is eventually consistent, so an execution that is listed as running is described once more. */
  async function oldest(ended: string | undefined): Promise<Started | undefined> {
    const listed = (await Promise.all(actingMachines.map((machine) => runningOf(client, machine)))).flat();
    const others = listed.filter((other) => other.arn !== executionArn && isOlder(other));
    for (const other of others.sort((a, b) => a.began - b.began)) {
      if (other.name === ended && isSwitch(machineOf(other.arn))) continue;
      if ((await describe(client, other.arn))?.status === 'RUNNING') return other;
    }
    return undefined;
  }

  return {
    async older(ended) {
      if (foundNone || !actingMachines.includes(machineOf(executionArn))) return undefined;
      const found = await oldest(ended);
      foundNone = found === undefined; // a visit that was allowed to act is not refused halfway
      return found && `${found.name} of ${nameOf(machineOf(found.arn))}`;
    },
    async steppedAside(execution) {
      const ended = await Promise.all(actingMachines.filter(isSwitch).map((machine) => describe(client, executionOf(machine, execution))));
      const found = ended.filter((one) => one !== undefined);
      return found.length > 0 && found.every(({ status, error }) => status === 'FAILED' && error === ALREADY_RUNNING);
    },
  };
}

const ALREADY_RUNNING = new AlreadyRunning('').name;

interface Started {
  readonly arn: string;
  readonly name: string;
  readonly began: number;
}

async function runningOf(client: SFNClient, machine: string): Promise<Started[]> {
  const found: ExecutionListItem[] = [];
  try {
    for await (const page of paginateListExecutions({ client }, { stateMachineArn: machine, statusFilter: 'RUNNING' })) {
      found.push(...(page.executions ?? []).filter((execution) => !isChildOfMap(execution)));
    }
  } catch (error) {
    throw translate(error, 'states:ListExecutions', machine);
  }
  return found.map(({ executionArn = '', name = '', startDate }) => ({ arn: executionArn, name, began: startDate?.getTime() ?? 0 }));
}

/** @returns undefined where there is no such execution, or not any more */
async function describe(client: SFNClient, executionArn: string): Promise<DescribeExecutionCommandOutput | undefined> {
  try {
    return await client.send(new DescribeExecutionCommand({ executionArn }));
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw translate(error, 'states:DescribeExecution', executionArn);
  }
}

/** A failure to list executions stops the step: another one may be running. */
const translate = (error: unknown, action: string, resource: string): MigrationError =>
  translateCommon(error, { action, resource }) ??
  new InvalidConfiguration(
    `Whether another execution is running could not be found out (${action} on ${resource}: ${String(error)}), so this one stopped before ` +
      'touching anything. Deploy the stack again, then start again.',
  );
