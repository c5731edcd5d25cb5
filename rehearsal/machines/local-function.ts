/** A step's function as Lambda would run it: a deadline, and errors that arrive as Lambda reports them. */
import type { StepEvent, StepResult } from '../../lambdas/engine/contract.ts';
import { visitStep } from '../../lambdas/handlers/visit.ts';
import type { Bindings } from '../../lambdas/ports/bindings.ts';
import type { Log } from '../../lambdas/ports/log.ts';
import type { SynthesizedFunction } from './synthesize.ts';

/**
 * An error in a function as Step Functions sees it: `errorType` as the error's name and JSON as its cause
 * (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html). The interpreter passes `message` on as the cause.
 */
export class FunctionError extends Error {
  override readonly name: string;
  constructor(errorType: string, errorMessage: string, cause?: unknown) {
    super(JSON.stringify({ errorType, errorMessage, trace: [] }), { cause });
    this.name = errorType;
  }
}

/**
 * @param budgetMs milliseconds that the visit may take, as Lambda's timeout
 * @param log in place of CloudWatch
 * @throws FunctionError whatever the step threw
 */
export async function invoke(
  { step, defaults }: SynthesizedFunction,
  event: StepEvent,
  places: Partial<Bindings>,
  budgetMs: number,
  log: Log,
): Promise<StepResult> {
  const deadline = performance.now() + budgetMs;
  const remainingMs = () => deadline - performance.now();
  let result: StepResult;
  try {
    result = await visitStep(step, event, { bindings: async () => places, defaults, remainingMs, log });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    throw new FunctionError(name, message, error);
  }
  // Lambda would have cut the function off by now. Here it runs to its end, so that nothing of it is left running.
  if (remainingMs() < 0) throw new FunctionError('Sandbox.Timedout', `Task timed out after ${budgetMs / 1000} seconds`);
  return result;
}
