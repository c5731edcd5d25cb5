/** The port `executions` over Step Functions. */
import { type ExecutionListItem, paginateListExecutions, type SFNClient } from '@aws-sdk/client-sfn';
import type { Executions, StepEvent } from '../contract.ts';
import { InvalidConfiguration } from '../errors.ts';
import { translateCommon } from './aws-errors.ts';

/** `arn:…:execution:Machine:name` → `arn:…:stateMachine:Machine` */
const machineOf = (executionArn: string): string => executionArn.replace(/:execution:([^:]+):.*$/, ':stateMachine:$1');
const nameOf = (machineArn: string): string => machineArn.split(':').at(-1) ?? machineArn;

/** @param actingMachines ARNs of the machines of which only one execution may run at a time */
export function executionsPort(
  client: SFNClient,
  actingMachines: readonly string[],
  { executionArn, startedAt }: Pick<StepEvent, 'executionArn' | 'startedAt'>,
): Executions {
  const began = Date.parse(startedAt);
  /** Two that began in the same millisecond are told apart by their ARNs, in the same way from both sides. */
  const isOlder = (other: Started): boolean => other.began < began || (other.began === began && other.arn < executionArn);
  return {
    async older() {
      if (!actingMachines.includes(machineOf(executionArn))) return undefined;
      const running = (await Promise.all(actingMachines.map((machine) => runningOf(client, machine)))).flat();
      const [oldest] = running.filter((other) => other.arn !== executionArn && isOlder(other)).sort((a, b) => a.began - b.began);
      return oldest && `${oldest.name} of ${nameOf(machineOf(oldest.arn))}`;
    },
  };
}

interface Started {
  readonly arn: string;
  readonly name: string;
  readonly began: number;
}

async function runningOf(client: SFNClient, machine: string): Promise<Started[]> {
  const found: ExecutionListItem[] = [];
  try {
    for await (const page of paginateListExecutions({ client }, { stateMachineArn: machine, statusFilter: 'RUNNING' })) {
      found.push(...(page.executions ?? []));
    }
  } catch (error) {
    throw translateCommon(error, { action: 'states:ListExecutions', resource: machine }) ?? unlisted(error, machine);
  }
  return found.map(({ executionArn = '', name = '', startDate }) => ({ arn: executionArn, name, began: startDate?.getTime() ?? 0 }));
}

/** Not knowing whether another execution runs is no reason to go on. */
const unlisted = (error: unknown, machine: string): InvalidConfiguration =>
  new InvalidConfiguration(
    `Whether another execution of ${machine} is running could not be found out (${String(error)}), so this one stopped before touching ` +
      'anything. Deploy the stack again, then start again.',
  );
