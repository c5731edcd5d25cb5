/** The entry of the function that keeps the load balancer leading to the writer, called each minute and on every failover. */
import { setTimeout as passed } from 'node:timers/promises';
import { entranceClients, entrancePort } from '../adapters/aws/entrance.ts';
import { lambdaLog } from '../adapters/aws/logger.ts';
import { followWriter } from '../cluster/follow-writer.ts';
import { type Environment, VARIABLE } from '../config/environment.ts';
import type { Entrance } from '../ports/entrance.ts';
import type { Log } from '../ports/log.ts';
import type { Invocation } from './invocation.ts';

const clients = entranceClients();
let entrance: Entrance | undefined;

/** RDS tells of a failover when it begins and when it ends, and the writer's name follows some seconds later. */
const AGAIN_MS = 5_000;
/** What one look and its changes may take. */
const RESERVE_MS = 15_000;

/** @param event of EventBridge: the schedule's, or one of RDS */
export async function follow(event: { readonly source?: string }, invocation: Invocation): Promise<void> {
  const { [VARIABLE.clusterIdentifier]: cluster = '', [VARIABLE.targetGroup]: targetGroup = '' }: Environment = process.env;
  const log = lambdaLog('Follow', { execution: '' }, invocation.awsRequestId);
  entrance ??= entrancePort(clients, cluster, targetGroup);
  if (event.source !== 'aws.rds') return followOnce(entrance, log);
  await followAWhile(entrance, log, () => invocation.getRemainingTimeInMillis() > RESERVE_MS + AGAIN_MS);
}

/** @throws the error of the call: an alarm counts the errors of the function */
async function followOnce(at: Entrance, log: Pick<Log, 'info' | 'warn'>): Promise<void> {
  const { isSettled, ...followed } = await followWriter(at);
  if (!isSettled) log.warn('The writer moved all the while; the next call goes on', followed);
  else if (followed.registered.length + followed.deregistered.length > 0) log.info('The load balancer follows the writer', followed);
}

/**
 * Again and again, since the writer's name may go on leading to where it led when the failover is told of.
 * @throws the error of the last look
 */
export async function followAWhile(
  at: Entrance,
  log: Pick<Log, 'info' | 'warn'>,
  mayGoOn: () => boolean,
  pause: () => Promise<void> = () => passed(AGAIN_MS),
): Promise<void> {
  for (;;) {
    try {
      await followOnce(at, log);
    } catch (error) {
      if (!mayGoOn()) throw error;
      log.warn('The load balancer was left as it was; it is looked at again', { error: (error as Error).message });
    }
    if (!mayGoOn()) return;
    await pause();
  }
}
