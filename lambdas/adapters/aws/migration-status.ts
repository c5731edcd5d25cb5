/** The executions of the machines that act, from Step Functions. */
import {
  ListExecutionsCommand,
  type ListExecutionsCommandInput,
  type ListExecutionsCommandOutput,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { type MigrationStatus, migrationStatusOf, type Newest } from '../../monitoring/migration-status.ts';
import { translateCommon } from './aws-errors.ts';

/** `arn:…:stateMachine:Stack-Machine` → `Machine` */
export const machineIn = (machineArn: string): string => machineArn.split('-').at(-1) ?? machineArn;

/**
 * Whether an execution is a child of a distributed map: `arn:…:execution:Machine/Label:name`. Such a child is part of the execution that began the
 * map, and never one to wait for, to watch or to tell of. The documentation does not say whether lists and events of a machine hold its children.
 */
export const isChildOfMap = ({
  executionArn = '',
  mapRunArn,
}: {
  readonly executionArn?: string | undefined;
  readonly mapRunArn?: string | undefined;
}) => Boolean(mapRunArn) || /:execution:[^:]*\//.test(executionArn);

/** @param machines ARNs of the machines that act */
export async function readMigrationStatus(client: SFNClient, machines: readonly string[]): Promise<MigrationStatus> {
  const cleanup = machines.find((arn) => machineIn(arn) === 'Cleanup');
  const [newest, cleaned] = await Promise.all([
    Promise.all(machines.map((arn) => newestOf(client, { stateMachineArn: arn }))),
    cleanup && newestOf(client, { stateMachineArn: cleanup, statusFilter: 'SUCCEEDED' }),
  ]);
  return migrationStatusOf(newest.flat(), (cleaned || [])[0]?.startedAt);
}

/** Enough for one, and where children are listed, soon past all of them. */
const PAGE_SIZES = { first: 1, further: 1_000 };

/** Step Functions lists the newest first. */
async function newestOf(client: SFNClient, of: ListExecutionsCommandInput & { readonly stateMachineArn: string }): Promise<Newest[]> {
  const { stateMachineArn } = of;
  try {
    let page: ListExecutionsCommandOutput | undefined;
    do {
      const maxResults = page ? PAGE_SIZES.further : PAGE_SIZES.first;
      const command = new ListExecutionsCommand({ ...of, maxResults, ...(page?.nextToken && { nextToken: page.nextToken }) });
      page = await client.send(command);
      const newest = page.executions?.find((execution) => !isChildOfMap(execution));
      if (newest) {
        const { startDate, status } = newest;
        return [{ machine: machineIn(stateMachineArn), startedAt: startDate?.getTime() ?? 0, succeeded: status === 'SUCCEEDED' }];
      }
    } while (page.nextToken);
    return [];
  } catch (error) {
    throw translateCommon(error, { action: 'states:ListExecutions', resource: stateMachineArn }) ?? error;
  }
}
