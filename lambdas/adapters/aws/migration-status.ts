/** The executions of the machines that act, from Step Functions. */
import { ListExecutionsCommand, type ListExecutionsCommandInput, type SFNClient } from '@aws-sdk/client-sfn';
import { type MigrationStatus, migrationStatusOf, type Newest } from '../../monitoring/migration-status.ts';
import { translateCommon } from './aws-errors.ts';

/** `arn:…:stateMachine:Stack-Machine` → `Machine` */
export const machineIn = (machineArn: string): string => machineArn.split('-').at(-1) ?? machineArn;

/** @param machines ARNs of the machines that act */
export async function readMigrationStatus(client: SFNClient, machines: readonly string[]): Promise<MigrationStatus> {
  const cleanup = machines.find((arn) => machineIn(arn) === 'Cleanup');
  const [newest, cleaned] = await Promise.all([
    Promise.all(machines.map((arn) => newestOf(client, { stateMachineArn: arn }))),
    cleanup && newestOf(client, { stateMachineArn: cleanup, statusFilter: 'SUCCEEDED' }),
  ]);
  return migrationStatusOf(newest.flat(), (cleaned || [])[0]?.startedAt);
}

/** Step Functions lists the newest first. */
async function newestOf(client: SFNClient, of: ListExecutionsCommandInput & { readonly stateMachineArn: string }): Promise<Newest[]> {
  const { stateMachineArn } = of;
  try {
    const { executions = [] } = await client.send(new ListExecutionsCommand({ ...of, maxResults: 1 }));
    return executions.map(({ startDate, status }) => ({
      machine: machineIn(stateMachineArn),
      startedAt: startDate?.getTime() ?? 0,
      succeeded: status === 'SUCCEEDED',
    }));
  } catch (error) {
    throw translateCommon(error, { action: 'states:ListExecutions', resource: stateMachineArn }) ?? error;
  }
}
