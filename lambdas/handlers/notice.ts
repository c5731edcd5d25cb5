/** The entry of the function that sends a notice when an execution ends: ready to cut over, failed, switched, rolled back, cleaned up. */
import { isChildOfMap } from '../adapters/aws/migration-status.ts';
import { noticeClients, readEnded, type StatusChange, send } from '../adapters/aws/notices.ts';
import { type Environment, VARIABLE } from '../config/environment.ts';
import { noticeOf } from '../monitoring/notices.ts';

const clients = noticeClients();

/** @param event of EventBridge, "Step Functions Execution Status Change" */
export async function notice({ detail }: { readonly detail: StatusChange }): Promise<void> {
  if (isChildOfMap(detail)) return;
  const environment: Environment = process.env;
  const ended = await readEnded(clients.executions, detail);
  const told = noticeOf(environment[VARIABLE.stack] ?? '', ended, environment[VARIABLE.reportPage]);
  if (told) await send(clients.topics, environment[VARIABLE.topic] ?? '', told);
}
