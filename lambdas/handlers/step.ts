/** The entry of every function of a step: the step named in the environment, with the bindings that it needs. */
import { resolveBindings } from '../adapters/aws/bindings.ts';
import { lambdaLog } from '../adapters/aws/logger.ts';
import { awsClients } from '../adapters/aws/site.ts';
import { type Environment, VARIABLE } from '../config/environment.ts';
import { InvalidConfiguration, type MigrationError } from '../config/errors.ts';
import { parseInput } from '../config/input.ts';
import { MOST_MESSAGE_JSON } from '../config/message-limit.ts';
import type { StepEvent, StepResult } from '../engine/contract.ts';
import type { StepName } from '../engine/machines.ts';
import { SHUTDOWN_RESERVE_MS } from '../engine/reserves.ts';
import { unexpected } from '../engine/unexpected.ts';
import { AWAKE, type Awake, isWake, type Wake } from '../ports/functions.ts';
import type { Log } from '../ports/log.ts';
import { needsOf, STEP_NAMES } from '../steps/index.ts';
import type { Invocation } from './invocation.ts';
import { visitStep } from './visit.ts';

const clients = awsClients();

export async function handler(event: StepEvent, invocation: Invocation): Promise<StepResult>;
export async function handler(event: Wake, invocation: Invocation): Promise<Awake>;
export async function handler(event: StepEvent | Wake, invocation: Invocation): Promise<StepResult | Awake> {
  if (isWake(event)) return AWAKE;
  const environment: Environment = process.env;
  const step = stepOf(environment);
  const log = lambdaLog(step, event, invocation.awsRequestId);
  try {
    return await visitStep(step, event, {
      bindings: () => resolveBindings(needsOf(step), { environment, event, clients, log }),
      defaults: parseInput(JSON.parse(environment[VARIABLE.inputDefaults] ?? '{}')),
      remainingMs: () => Math.max(0, invocation.getRemainingTimeInMillis() - SHUTDOWN_RESERVE_MS),
      log,
    });
  } catch (error) {
    throw truncateForHistory(unexpected(error, step, 'before', log), log);
  }
}

function stepOf(environment: Environment): StepName {
  const step = STEP_NAMES.find((name) => name === environment[VARIABLE.step]);
  if (step) return step;
  throw new InvalidConfiguration(`There is no step ${environment[VARIABLE.step]}. Nothing was touched; deploy the stack again.`);
}

/**
 * Cuts a message to what an execution's history keeps ({@link MOST_MESSAGE_JSON}); the log has all of it. Our errors have no stack in the
 * history, because it would begin with the message once more: they are decisions, not crashes.
 */
function truncateForHistory(error: MigrationError, log: Log): MigrationError {
  let { message } = error;
  while (JSON.stringify(message).length > MOST_MESSAGE_JSON) message = message.slice(0, message.length * 0.9);
  if (message !== error.message) {
    log.warn('The whole message', { error: error.name, message: error.message });
    error.message = `${message}… (the rest is in the log)`;
  }
  error.stack = error.name;
  return error;
}
