/**
 * A machine as states of Step Functions, and nothing else. A state is named as its step. It passes a `StepEvent` and keeps the `StepResult`
 * at `$.<Step>`; choices read only the verdict there, the execution's input, and of a map whether it has children and which step is a child's.
 * JSONPath throughout.
 */
import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { ERROR_NAMES, type ErrorName } from '../lambdas/config/errors.ts';
import type { StepEvent } from '../lambdas/engine/contract.ts';
import type { Machine, Stage, StepName, Workers } from '../lambdas/engine/machines.ts';
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

/** Children of one map: as many workers as the input lets anybody ask for, and one that builds. */
export const MOST_CHILDREN = 201;

/** Where a child of a map finds what the machine's own states find in the context. */
type Item = Readonly<Record<'worker' | 'step' | Exclude<keyof StepEvent, 'state' | 'polls'>, string>>;

/** Path at which the end of a machine names the report. */
const REPORT = '$.report';

/**
 * Links the states of one machine and returns the first. `scope` must hold nothing else, because states are named as their steps.
 * @param reportPage what the end of the machine names, where it does. It is no task: nothing that concerns a report may keep an execution from its end
 */
export function chainOf(
  scope: Construct,
  machine: Machine,
  functions: Readonly<Record<StepName, IFunction>>,
  reportPage?: string,
): sfn.IChainable {
  const failed = new sfn.Fail(scope, 'Failed', { errorPath: `${EXPLAINED}.error`, causePath: `${EXPLAINED}.cause.errorMessage` });
  const explained = explain(scope, 'ExplainFailure').next(failed);
  const done = new sfn.Succeed(scope, 'Done');
  let next: sfn.State = reportPage === undefined ? done : nameReport(scope, reportPage, done);
  for (const stage of machine.order.toReversed()) {
    const task = invoke(scope, stage, functions[stage.step]);
    if (stage.onFailure) recover(scope, stage.step, task, stage.onFailure, functions[stage.onFailure.step], failed);
    else task.addCatch(explained, { errors: [...ERROR_NAMES], resultPath: FAILURE });
    const first = stage.workers ? sideBySide(scope, stage.workers, functions, task) : task;
    next = entered(scope, stage, task, next, first);
  }
  return next;
}

function nameReport(scope: Construct, page: string, next: sfn.State): sfn.State {
  const says = 'What this migration did, as a page. It is written within a minute of the end of this execution.';
  const named = new sfn.Pass(scope, 'NameReport', { result: sfn.Result.fromObject({ says, page }), resultPath: REPORT });
  named.next(next);
  return named;
}

/**
 * Links `task` to `next`, with a loop where the step is polled; returns the state that enters it.
 * @param first state of the stage, to which a poll comes back
 */
function entered(scope: Construct, stage: Stage, task: LambdaInvoke, next: sfn.State, first: sfn.State = task): sfn.State {
  if (stage.polls) loop(scope, stage.step, task, next, first);
  else task.next(next);
  return stage.onlyWithRebootConsent ? ifRebootIsAllowed(scope, task, next) : first;
}

/** The context of the execution, as a state of the machine itself reads it. */
const OF_THE_EXECUTION = {
  input: '$$.Execution.Input',
  execution: '$$.Execution.Name',
  executionArn: '$$.Execution.Id',
  startedAt: '$$.Execution.StartTime',
};
/** The same in a child of a map, whose own context says who the child is. */
const OF_THE_ITEM = { input: '$.input', execution: '$.execution', executionArn: '$.executionArn', startedAt: '$.startedAt' };

function invoke(scope: Construct, { step, polls, waitsForOlder }: Stage, handler: IFunction, of = OF_THE_EXECUTION): LambdaInvoke {
  const event = {
    input: sfn.JsonPath.objectAt(of.input),
    state: sfn.JsonPath.objectAt('$'),
    execution: sfn.JsonPath.stringAt(of.execution),
    executionArn: sfn.JsonPath.stringAt(of.executionArn),
    startedAt: sfn.JsonPath.stringAt(of.startedAt),
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

/**
 * Task → Is<Step>Done → next, or WaitFor<Step> and back to `first`. A verdict that is neither `done` nor `pending` matches no rule and fails.
 * @returns the choice
 */
function loop(scope: Construct, step: StepName, task: LambdaInvoke, next: sfn.State, first: sfn.State = task): sfn.Choice {
  const wait = new sfn.Wait(scope, `WaitFor${step}`, { time: sfn.WaitTime.secondsPath(`$.${step}.nextPollSeconds`) });
  const verdict = `$.${step}.verdict`;
  const choice = new sfn.Choice(scope, `Is${step}Done`)
    .when(sfn.Condition.stringEquals(verdict, 'done'), next)
    .when(sfn.Condition.stringEquals(verdict, 'pending'), wait.next(first));
  task.next(choice);
  return choice;
}

/**
 * Is<Map>Needed → the map → `task`, and past the map where it has no children. A child has a history of its own, and so may be visited for as
 * long as the machine. What the children return is dropped, since together it might outgrow the state that an execution may have.
 */
function sideBySide(
  scope: Construct,
  { name, listedBy, steps }: Workers,
  functions: Readonly<Record<StepName, IFunction>>,
  task: LambdaInvoke,
): sfn.State {
  const itemsPath = `$.${listedBy}.evidence.workers`;
  const item: Item = { worker: '$$.Map.Item.Value.worker', step: '$$.Map.Item.Value.step', ...OF_THE_EXECUTION };
  const map = new sfn.DistributedMap(scope, name, {
    label: name,
    mapExecutionType: sfn.StateMachineType.STANDARD,
    itemsPath,
    itemSelector: Object.fromEntries(Object.entries(item).map(([key, path]) => [key, sfn.JsonPath.objectAt(path)])),
    maxConcurrency: MOST_CHILDREN,
    toleratedFailurePercentage: 100,
    resultPath: sfn.JsonPath.DISCARD,
  });
  map.itemProcessor(childOf(scope, steps, functions));
  map.next(task);
  return new sfn.Choice(scope, `Is${name}Needed`).when(sfn.Condition.isPresent(`${itemsPath}[0]`), map).otherwise(task);
}

/** One child: its step until that is done, or until it fails for good, which ends the child as well as any other end. */
function childOf(scope: Construct, steps: readonly StepName[], functions: Readonly<Record<StepName, IFunction>>): sfn.IChainable {
  const which = new sfn.Choice(scope, 'WhichWork');
  const onlyNumber = { parameters: { worker: sfn.JsonPath.objectAt('$.worker') } };
  for (const step of steps) {
    const task = invoke(scope, { step, polls: true }, functions[step], OF_THE_ITEM);
    const givenUp = new sfn.Pass(scope, `GiveUp${step}`, onlyNumber);
    task.addCatch(givenUp, { errors: [sfn.Errors.ALL], resultPath: FAILURE });
    loop(scope, step, task, new sfn.Pass(scope, `End${step}`, onlyNumber)).otherwise(givenUp);
    which.when(sfn.Condition.stringEquals('$.step', step), task);
  }
  return which;
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
