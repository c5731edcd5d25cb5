/** The port `hook` over Lambda: a function of the user's that is called around a switch, and may stop it before it begins. */
import { InvokeCommand, type LambdaClient, ResourceNotFoundException } from '@aws-sdk/client-lambda';
import { InvalidConfiguration, type MigrationError } from '../../config/errors.ts';
import type { SideName } from '../../config/side-name.ts';
import type { Hook, Moment } from '../../ports/application.ts';
import { PASSING_EXCEPTIONS } from '../../ports/functions.ts';
import { translateCommon } from './aws-errors.ts';

/** The payload of the user's function. */
export interface HookEvent {
  readonly moment: Moment;
  /** The side that the switch leads to. After `failed` the application stays at the other one. */
  readonly to: SideName;
  /** Name of the execution that switches. */
  readonly execution: string;
}

/** A switch waits for the answer, so the call takes no longer than this and is not retried by the SDK. */
export const TIMEOUT_MS = 10_000;

/** @param arn ARN of the function, with or without a version or an alias; `client` must not retry by itself */
export function hookPort(client: LambdaClient, arn: string, timeoutMs: number = TIMEOUT_MS): Hook {
  return {
    configured: true,
    async call(moment, to, execution) {
      const event: HookEvent = { moment, to, execution };
      const abortSignal = AbortSignal.timeout(timeoutMs);
      const { FunctionError, Payload } = await client
        .send(new InvokeCommand({ FunctionName: arn, Payload: JSON.stringify(event) }), { abortSignal })
        .catch((error: unknown) => {
          throw abortSignal.aborted ? tooSlow(arn, moment, timeoutMs) : translate(error, arn);
        });
      if (FunctionError !== undefined) throw failed(arn, moment, typeOf(Payload));
    },
  };
}

function translate(error: unknown, arn: string): MigrationError {
  const { name, message } = error as Error;
  const passing = PASSING_EXCEPTIONS.some((each) => each === name) ? Object.assign(new Error(message), { name, $fault: 'server' }) : error;
  const common = translateCommon(passing, { action: 'lambda:InvokeFunction', resource: arn });
  if (common) return common;
  const what = error instanceof ResourceNotFoundException ? 'does not exist' : `cannot be called (${name}: ${message})`;
  return new InvalidConfiguration(`The function ${arn} ${what}. Correct the setting switchHookArn and deploy again, then start again.`);
}

const TIMES: Readonly<Record<Moment, string>> = {
  before: 'before a switch',
  after: 'after a switch',
  failed: 'when a switch has failed',
};

const failed = (arn: string, moment: Moment, type: string): MigrationError =>
  new InvalidConfiguration(
    `The function ${arn}, which is called ${TIMES[moment]}, failed (${type}). Its own log says why. Mend it, then start again.`,
  );

const tooSlow = (arn: string, moment: Moment, timeoutMs: number): MigrationError =>
  new InvalidConfiguration(
    `The function ${arn}, which is called ${TIMES[moment]}, gave no answer within ${timeoutMs / 1000} seconds, and may still be running. ` +
      'Leave longer work to something that it starts, then start again.',
  );

/** The name of the error. Its message is the user's own, may hold any data, and stays in the function's log. */
function typeOf(payload: Uint8Array | undefined): string {
  try {
    const { errorType } = JSON.parse(new TextDecoder().decode(payload)) as { errorType?: unknown };
    return typeof errorType === 'string' && /^[\w.:$-]{1,80}$/.test(errorType) ? errorType : 'an error without a name';
  } catch {
    return 'an error without a name';
  }
}
