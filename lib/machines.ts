/**
 * The order of the steps: what `Preflight`, `Replicate` and `Cleanup` do, as data and as states. Creates states and nothing else.
 *
 * A state is named as its step. It passes a `StepEvent` and keeps the `StepResult` at `$.<Step>`; choices read only the verdict there
 * and the execution's input. JSONPath throughout.
 */
import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  type Chain,
  Choice,
  Condition,
  Fail,
  type IChainable,
  JitterType,
  JsonPath,
  Pass,
  type State,
  Succeed,
  TaskInput,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import type { StepEvent } from '../lambdas/contract.ts';
import { ERROR_NAMES } from '../lambdas/errors.ts';
import type { StepName } from '../lambdas/steps/index.ts';

/** One place in the order of a machine. */
export interface Stage {
  readonly step: StepName;
  /** Whether the step is visited again while it is pending. */
  readonly polls: boolean;
  /** Taken only where the execution's input says `"reboot": "now"`. */
  readonly onlyWithRebootConsent?: true;
}

/** A state machine, before it is built. */
export interface Machine {
  /** What it is for, shown in the console. */
  readonly says: string;
  /** Whether it changes anything, so that two executions must not run at once. */
  readonly acts: boolean;
  readonly order: readonly Stage[];
}

const task = (step: StepName): Stage => ({ step, polls: false });
const until = (step: StepName): Stage => ({ step, polls: true });
const withRebootConsent = (stage: Stage): Stage => ({ ...stage, onlyWithRebootConsent: true });

export const MACHINES = {
  Preflight: {
    says: 'Looks at both sides and lists everything that stands in the way. Writes nothing anywhere.',
    acts: false,
    order: [task('CheckReadiness')],
  },
  Replicate: {
    says: 'Copies schema and data to PlanetScale and keeps them equal while the application goes on. Can be started again at any time.',
    acts: true,
    order: [
      task('CheckReadiness'),
      until('ConfigureSource'),
      withRebootConsent(until('RebootSource')),
      until('VerifyWalLevel'),
      task('CreateReplicationRole'),
      task('CopySchema'),
      task('CreatePublication'),
      until('CreateSubscription'),
      until('AwaitCopy'),
      until('BuildIndexes'),
      until('AwaitConvergence'),
      task('SyncSequences'),
      until('CompareData'),
    ],
  },
  Cleanup: {
    says: 'Removes what the migration made in both databases, from any state. The application is not affected. Can be started again at any time.',
    acts: true,
    order: [until('DropReplication')],
  },
} as const satisfies Readonly<Record<string, Machine>>;
export type MachineName = keyof typeof MACHINES;
export const MACHINE_NAMES = Object.keys(MACHINES) as MachineName[];

/** Failures of the Lambda service itself (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception), and ours that pass. */
const PASSING_ERRORS = [
  'TransientError',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.ClientExecutionTimeoutException',
];
/**
 * With full jitter a pause is on average half of its bound: 2, 4, 8, 16, 32, then 60 seconds. 36 pauses make 31 + 31 × 30 s = 16 minutes,
 * which outlasts a reboot and a failover, at 3 events of the 25,000 for each attempt.
 */
const PATIENCE = {
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 36,
  jitterStrategy: JitterType.FULL,
};

/** A function that was cut off or died. Steps may be repeated after a crash at any point, but twice the same crash is no accident. */
const CRASHES = ['Sandbox.Timedout', 'Lambda.Unknown'];
const SECOND_CHANCES = { interval: Duration.seconds(5), backoffRate: 2, maxAttempts: 2, jitterStrategy: JitterType.FULL };

/** The states of one machine, linked; the first of them is returned. `scope` must hold nothing else, because states are named as their steps. */
export function chainOf(scope: Construct, machine: Machine, functions: Readonly<Record<StepName, IFunction>>): IChainable {
  const failed = explainFailure(scope);
  let next: State = new Succeed(scope, 'Done');
  for (const stage of machine.order.toReversed()) next = stateOf(scope, stage, functions[stage.step], failed, next);
  return next;
}

/** The states of one stage, which lead to `next`; the first of them is returned. */
function stateOf(scope: Construct, stage: Stage, handler: IFunction, failed: Chain, next: State): State {
  const task = invoke(scope, stage, handler);
  task.addCatch(failed, { errors: [...ERROR_NAMES], resultPath: '$.failure' });
  if (stage.polls) loop(scope, stage.step, task, next);
  else task.next(next);
  return stage.onlyWithRebootConsent ? ifRebootIsAllowed(scope, task, next) : task;
}

function invoke(scope: Construct, { step, polls }: Stage, handler: IFunction): LambdaInvoke {
  const event = {
    input: JsonPath.objectAt('$$.Execution.Input'),
    state: JsonPath.objectAt('$'),
    execution: JsonPath.stringAt('$$.Execution.Name'),
    executionArn: JsonPath.stringAt('$$.Execution.Id'),
    startedAt: JsonPath.stringAt('$$.Execution.StartTime'),
    polls,
  } satisfies Record<keyof StepEvent, unknown>;
  const task = new LambdaInvoke(scope, step, {
    lambdaFunction: handler,
    payload: TaskInput.fromObject(event),
    payloadResponseOnly: true,
    resultPath: `$.${step}`,
    retryOnServiceExceptions: false, // its own list knows neither our errors nor jitter
  });
  task.addRetry({ errors: PASSING_ERRORS, ...PATIENCE });
  task.addRetry({ errors: CRASHES, ...SECOND_CHANCES });
  return task;
}

/** Task → Is<Step>Done → next, or WaitFor<Step> and back. A verdict that is neither `done` nor `pending` matches no rule and fails. */
function loop(scope: Construct, step: StepName, task: LambdaInvoke, next: State): void {
  const wait = new Wait(scope, `WaitFor${step}`, { time: WaitTime.secondsPath(`$.${step}.nextPollSeconds`) });
  const verdict = `$.${step}.verdict`;
  task.next(
    new Choice(scope, `Is${step}Done`)
      .when(Condition.stringEquals(verdict, 'done'), next)
      .when(Condition.stringEquals(verdict, 'pending'), wait.next(task)),
  );
}

function ifRebootIsAllowed(scope: Construct, reboot: State, otherwise: State): State {
  const consent = Condition.and(Condition.isPresent('$.reboot'), Condition.stringEquals('$.reboot', 'now'));
  return new Choice(scope, 'IsRebootAllowed').when(consent, reboot).otherwise(otherwise);
}

/**
 * The console's red box shows error and cause of the `Fail` state. Lambda reports an error as JSON in a text, and only
 * `errorMessage` of it is written for people.
 */
function explainFailure(scope: Construct): Chain {
  const explain = new Pass(scope, 'ExplainFailure', {
    parameters: { error: JsonPath.stringAt('$.failure.Error'), cause: JsonPath.stringToJson(JsonPath.stringAt('$.failure.Cause')) },
    resultPath: '$.failure',
  });
  return explain.next(new Fail(scope, 'Failed', { errorPath: '$.failure.error', causePath: '$.failure.cause.errorMessage' }));
}
