/** Notices over SNS about executions that have ended. */
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Ended, Notice } from '../../monitoring/notices.ts';
import { machineIn } from './migration-status.ts';

/** `detail` of "Step Functions Execution Status Change" (https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html). */
export interface StatusChange {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: Ended['status'];
  readonly error?: string | null;
  readonly cause?: string | null;
}

export const noticeClients = (): { readonly executions: SFNClient; readonly topics: SNSClient } => ({
  executions: new SFNClient(),
  topics: new SNSClient(),
});

/** The ended execution with its error: where the event does not carry it, the execution is described. */
export async function readEnded(client: SFNClient, change: StatusChange): Promise<Ended> {
  const { executionArn, stateMachineArn, name, status } = change;
  const known = { error: change.error ?? undefined, cause: change.cause ?? undefined };
  const reason =
    status === 'FAILED' && known.error === undefined ? await client.send(new DescribeExecutionCommand({ executionArn })) : known;
  return { machine: machineIn(stateMachineArn), execution: name, executionArn, status, error: reason.error, cause: reason.cause };
}

export async function send(client: SNSClient, topic: string, { subject, message }: Notice): Promise<void> {
  await client.send(new PublishCommand({ TopicArn: topic, Subject: subject, Message: message }));
}
