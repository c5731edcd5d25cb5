/** The port `functions` over Lambda: wakes inactive functions of a switch before it begins. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { InvalidConfiguration, TransientError } from '../../config/errors.ts';
import type { Functions } from '../../ports/functions.ts';
import { PASSING_EXCEPTIONS, type Uncallable, WAKE } from '../../ports/functions.ts';
import { translateCommon } from './aws-errors.ts';

/** How long one visit waits, and how often it asks meanwhile. A retry of the state goes on from there. */
export interface WakePace {
  readonly timeoutMs: number;
  readonly pauseMs: number;
}
/** An inactive function has its VPC interface again after a minute or two. With the retries of the state this waits for most of an hour. */
const PACE: WakePace = { timeoutMs: 60_000, pauseMs: 3_000 };

/** The result of one call: undefined where the function answered. */
type Outcome = { readonly passes: string } | { readonly refused: string } | undefined;

/** @param arns of the functions @param client must not retry by itself */
export function functionsPort(client: LambdaClient, arns: readonly string[], pace: WakePace = PACE): Functions {
  return {
    async wake() {
      const found = await Promise.all(arns.map((arn) => wakeOne(client, arn, pace)));
      return found.filter((one) => one !== undefined);
    },
  };
}

async function wakeOne(client: LambdaClient, arn: string, { timeoutMs, pauseMs }: WakePace): Promise<Uncallable | undefined> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const outcome = await callOnce(client, arn);
    if (!outcome) return undefined;
    if ('refused' in outcome) return { function: arn, reason: outcome.refused };
    if (Date.now() >= until) throw notReady(arn, outcome.passes);
    await sleep(pauseMs);
  }
}

async function callOnce(client: LambdaClient, arn: string): Promise<Outcome> {
  try {
    const { FunctionError, Payload } = await client.send(new InvokeCommand({ FunctionName: arn, Payload: JSON.stringify(WAKE) }));
    if (FunctionError !== undefined) return { refused: 'it fails before it has done anything; its own log says why' };
    return isAwake(Payload) ? undefined : { refused: 'it does not answer as a function of this version' };
  } catch (error) {
    return translate(error, arn);
  }
}

function translate(error: unknown, arn: string): Outcome {
  const { name, message } = error as Error;
  const said = `${name}: ${message}`;
  const common = translateCommon(error, { action: 'lambda:InvokeFunction', resource: arn });
  if (common instanceof TransientError || PASSING_EXCEPTIONS.some((passing) => passing === name)) return { passes: said };
  return { refused: common instanceof InvalidConfiguration ? `AWS denies the call (${said})` : said };
}

function isAwake(payload: Uint8Array | undefined): boolean {
  try {
    return (JSON.parse(new TextDecoder().decode(payload)) as { awake?: unknown } | null)?.awake === true;
  } catch {
    return false;
  }
}

const notReady = (arn: string, said: string): TransientError =>
  new TransientError(
    `The function ${arn}, which the switch needs, is not ready yet (${said}). Nothing was switched. Lambda brings a function back that was ` +
      "not called for weeks, which takes minutes; if it goes on, check that the functions' subnets lead to the API of Lambda, through a NAT " +
      'gateway or an endpoint.',
  );
