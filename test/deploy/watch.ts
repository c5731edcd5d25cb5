/** The function that watches, called as its rule calls it, and what it wrote for CloudWatch. */
import assert from 'node:assert/strict';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Measures } from '../../lambdas/monitoring/metrics.ts';
import type { Clients } from './site.ts';
import { type DeployedStack, namesOf } from './stack.ts';

/** @returns what it measured, by the embedded metric format; undefined where it found nothing to watch */
export async function look(clients: Clients, stack: DeployedStack): Promise<Measures | undefined> {
  const FunctionName = namesOf(stack, 'AWS::Lambda::Function').find((name) => name.includes('MonitoringWatch'));
  const called = new InvokeCommand({ FunctionName, Payload: '{}', LogType: 'Tail' });
  const { FunctionError, Payload, LogResult = '' } = await clients.functions.send(called);
  assert.equal(FunctionError, undefined, Payload?.transformToString());
  const lines = Buffer.from(LogResult, 'base64').toString().split('\n');
  return lines.filter((line) => line.includes('"_aws"')).map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Measures)[0];
}
