/**
 * A machine as states of Step Functions, and nothing else. A state is named as its step. It passes a `StepEvent` and keeps the `StepResult`
 * at `$.<Step>`; choices read only the verdict there and the execution's input. JSONPath throughout.
 */
import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { ERROR_NAMES, type ErrorName } from '../lambdas/config/errors.ts';
import type { StepEvent } from '../lambdas/engine/contract.ts';
import type { Machine, Stage, StepName } from '../lambdas/engine/machines.ts';
import { PASSING_EXCEPTIONS } from '../lambdas/ports/functions.ts';

/**
 * Failures of the Lambda service itself (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception),
 * each the name of the API's exception behind `Lambda.`, and ours that pass.
 */
const PASSING_ERRORS = ['TransientError', ...PASSING_EXCEPTIONS.map((name) => `Lambda.${name}`)];
/**
 * With full jitter a pause is on average half of its bound: 2, 4, 8, 16, 32, then 60 seconds. 36 pauses make 31 + 31 × 30 s = 16 minutes,
 * which outlasts a reboot and a failover, and the minutes in which Lambda brings an inactive function back, at 3 events of the 25,000 for each attempt.
 */
const RETRY = {
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 36,
  jitterStrategy: sfn.JitterType.FULL,
};

/**
 * Errors of a function that timed out or crashed. Steps may be repeated after a crash at any point, also after the commit point, because they
 * inspect first; but the same crash twice is no accident, and each attempt of a switch may fence.
 */
const CRASHES = ['Sandbox.Timedout', 'Lambda.Unknown', 'Runtime.ExitError'];
const SECOND_CHANCES = { interval: Duration.seconds(5), backoffRate: 2, maxAttempts: 2, jitterStrategy: sfn.JitterType.FULL };

/**
 * After the end of an execution its status may still be RUNNING, for a second as a rule; a switch that the operator started at once
 * finds the one before unfinished, and ends. On average 1, 2, 4, 8, 16, then 30 seconds: 31 + 13 × 30 s = 7 minutes.
 */
const UNTIL_OLDER_ENDS = { ...RETRY, maxAttempts: 18 };

/** Path at which a Catch stores `Error` and `Cause`, for the step that follows on a failure. */
const FAILURE = '$.failure';
/** The same for the step that follows on a failure. */
const SECOND_FAILURE = '$.secondFailure';
/** Path of the error that the `Failed` state shows in the console's red box. */
const EXPLAINED = '$.explained';

/** Links the states of one machine and returns the first. `scope` must hold nothing else, because states are named as their steps. */
export function chainOf(scope: Construct, machine: Machine, functions: Readonly<Record<StepName, IFunction>>): sfn.IChainable {
  const failed = new sfn.Fail(scope, 'Failed', { errorPath: `${EXPLAINED}.error`, causePath: `${EXPLAINED}.cause.errorMessage` });
  const explained = explain(scope, 'ExplainFailure').next(failed);
  let next: sfn.State = new sfn.Succeed(scope, 'Done');
  for (const stage of machine.order.toReversed()) {
    const task = invoke(scope, stage, functions[stage.step]);
    if (stage.onFailure) recover(scope, stage.step, task, stage.onFailure, functions[stage.onFailure.step], failed);
    else task.addCatch(explained, { errors: [...ERROR_NAMES], resultPath: FAILURE });
    next = entered(scope, stage, task, next);
  }
  return next;
}

/** Links `task` to `next`, with a loop where the step is polled; returns the state that enters it. */
function entered(scope: Construct, stage: Stage, task: LambdaInvoke, next: sfn.State): sfn.State {
  if (stage.polls) loop(scope, stage.step, task, next);
  else task.next(next);
  return stage.onlyWithRebootConsent ? ifRebootIsAllowed(scope, task, next) : task;
}

function invoke(scope: Construct, { step, polls, waitsForOlder }: Stage, handler: IFunction): LambdaInvoke {
  const event = {
    input: sfn.JsonPath.objectAt('$$.Execution.Input'),
    state: sfn.JsonPath.objectAt('$'),
    execution: sfn.JsonPath.stringAt('$$.Execution.Name'),
    executionArn: sfn.JsonPath.stringAt('$$.Execution.Id'),
    startedAt: sfn.JsonPath.stringAt('$$.Execution.StartTime'),
    polls,
  } satisfies Record<keyof StepEvent, unknown>;
  const task = new LambdaInvoke(scope, step, {
    lambdaFunction: handler,
    payload: sfn.TaskInput.fromObject(event),
    payloadResponseOnly: true,
    resultPath: `$.${step}`,
    retryOnServiceExceptions: false, // its own list has neither our errors nor jitter
  });
  task.addRetry({ errors: PASSING_ERRORS, ...RETRY });
  task.addRetry({ errors: CRASHES, ...SECOND_CHANCES });
  if (waitsForOlder) task.addRetry({ errors: ['AlreadyRunning' satisfies ErrorName], ...UNTIL_OLDER_ENDS });
  return task;
}

/** Task → Is<Step>Done → next, or WaitFor<Step> and back. A verdict that is neither `done` nor `pending` matches no rule and fails. */
function loop(scope: Construct, step: StepName, task: LambdaInvoke, next: sfn.State): void {
  const wait = new sfn.Wait(scope, `WaitFor${step}`, { time: sfn.WaitTime.secondsPath(`$.${step}.nextPollSeconds`) });
  const verdict = `$.${step}.verdict`;
  task.next(
    new sfn.Choice(scope, `Is${step}Done`)
      .when(sfn.Condition.stringEquals(verdict, 'done'), next)
      .when(sfn.Condition.stringEquals(verdict, 'pending'), wait.next(task)),
  );
}

function ifRebootIsAllowed(scope: Construct, reboot: sfn.State, otherwise: sfn.State): sfn.State {
  const consent = sfn.Condition.and(sfn.Condition.isPresent('$.reboot'), sfn.Condition.stringEquals('$.reboot', 'now'));
  return new sfn.Choice(scope, 'IsRebootAllowed').when(consent, reboot).otherwise(otherwise);
}

/** Lambda reports an error as JSON in a text, of which only `errorMessage` is for the operator. */
function explain(scope: Construct, id: string, failure = FAILURE, resultPath = EXPLAINED): sfn.Pass {
  const cause = sfn.JsonPath.stringToJson(sfn.JsonPath.stringAt(`${failure}.Cause`));
  return new sfn.Pass(scope, id, { parameters: { error: sfn.JsonPath.stringAt(`${failure}.Error`), cause }, resultPath });
}

/** Puts a message of our own into the red box. @param error path of its heading @param values paths of what each `{}` stands for */
function say(scope: Construct, id: string, error: string, message: string, ...values: readonly string[]): sfn.Pass {
  const errorMessage = sfn.JsonPath.format(message, ...values.map((path) => sfn.JsonPath.stringAt(path)));
  return new sfn.Pass(scope, id, { parameters: { error: sfn.JsonPath.stringAt(error), cause: { errorMessage } }, resultPath: EXPLAINED });
}

/**
 * Whatever ends `task` leads to the stage that mends it, and from there to `failed`, which shows the error of `task`. Of an error that is
 * not ours only the name is read: its cause may be any text or none, and nothing may keep the execution from mending. Where mending fails,
 * its own error is shown.
 */
function recover(scope: Construct, step: StepName, task: LambdaInvoke, mending: Stage, handler: IFunction, failed: sfn.Fail): void {
  const mend = invoke(scope, mending, handler);
  const cutOff =
    `${step} did not come to its end ({}). The history of this execution holds the cause, and the result of ${mending.step}, ` +
    'which was called then, says how things stand. Remove the cause, then start again.';
  task.addCatch(explain(scope, `ExplainFailureOf${step}`).next(mend), { errors: [...ERROR_NAMES], resultPath: FAILURE });
  task.addCatch(say(scope, `ReportEndOf${step}`, `${FAILURE}.Error`, cutOff, `${FAILURE}.Error`).next(mend), {
    errors: [sfn.Errors.ALL],
    resultPath: FAILURE,
  });
  entered(scope, mending, mend, failed);
  catchSecond(scope, mending.step, mend, failed);
}

function catchSecond(scope: Construct, step: StepName, mend: LambdaInvoke, failed: sfn.Fail): void {
  const advice =
    'It was called after {}. Until the machine Recovery, which starts by itself when this one ends, has ended well, the application may ' +
    'find no side that takes its writes: watch it, and start it again if it fails.';
  const first = `${EXPLAINED}.error`;
  const parsed = explain(scope, `ExplainFailureOf${step}`, SECOND_FAILURE, SECOND_FAILURE);
  const shown = say(scope, 'ShowBothFailures', `${SECOND_FAILURE}.error`, `{} ${advice}`, `${SECOND_FAILURE}.cause.errorMessage`, first);
  const cutOff = `${step} did not come to its end ({}). ${advice}`;
  const ended = say(scope, `ReportEndOf${step}`, `${SECOND_FAILURE}.Error`, cutOff, `${SECOND_FAILURE}.Error`, first);
  mend.addCatch(parsed.next(shown).next(failed), { errors: [...ERROR_NAMES], resultPath: SECOND_FAILURE });
  mend.addCatch(ended.next(failed), { errors: [sfn.Errors.ALL], resultPath: SECOND_FAILURE });
}
