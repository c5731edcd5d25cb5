/** One function for each step, one state machine for each order of steps, and their logs. */
import { ArnFormat, type CfnElement, Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, type IConstruct } from 'constructs';
import { VARIABLE } from '../lambdas/config/environment.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { StepName } from '../lambdas/engine/machines.ts';
import { fencingWith, MACHINE_NAMES, MACHINES, type MachineName, type Stage, stepsOf } from '../lambdas/engine/machines.ts';
import { needsOf, STEP_NAMES, stepNamed } from '../lambdas/steps/index.ts';
import { stepCode } from './bundle.ts';
import { allowWildcard } from './exceptions.ts';
import { MigrationFunction } from './function.ts';
import type { Network } from './network.ts';
import type { Resources } from './resources.ts';
import { reachOf } from './rights.ts';
import { chainOf } from './states.ts';

export interface MigrationProps {
  /** The databases, the cluster and their secrets. */
  readonly resources: Omit<Resources, 'actingMachineArns' | 'actingExecutionArns' | 'switchFunctionArns'>;
  /** Network of the functions that connect to a database. */
  readonly network: Network;
  /** Defaults of the execution input, in its own form. @default {} */
  readonly inputDefaults?: Readonly<Record<string, Json>>;
  /** Where a person finds the newest report, which the end of some machines says. */
  readonly reportPage: string;
}

/** The copy of a very large database takes weeks, and its changes may be streamed for weeks until the operator switches. */
const TIMEOUT = Duration.days(90);
/** The longest that Lambda allows. A step that is not done by then leaves the work to the servers and is visited again. */
const STEP_TIMEOUT = Duration.minutes(15);

/** The machines that fence a side. */
const SWITCHING = MACHINE_NAMES.filter((name) => MACHINES[name].order.some(({ onFailure }: Stage) => onFailure !== undefined));

/** The machines whose end names the report. */
const TOLD_AT_END: ReadonlySet<MachineName> = new Set<MachineName>(['Cutover', 'Rollback', 'Cleanup']);

export class Migration extends Construct {
  readonly functions: Readonly<Record<StepName, LambdaFunction>>;
  readonly machines: Readonly<Record<MachineName, StateMachine>>;
  /** The bundle that all functions share, also those that are not steps. */
  readonly code = stepCode();

  constructor(scope: Construct, id: string, props: MigrationProps) {
    super(scope, id);
    this.functions = this.#functions(props);
    this.machines = mapped(MACHINE_NAMES, (name) => this.#machine(name, props.reportPage));
    this.#recoverBySelf();
  }

  /** An abort in the console, a time limit and a defect run no Catch, so a rule starts Recovery after any failed end of a switch. */
  #recoverBySelf(): void {
    new Rule(this, 'SwitchEndedBadly', {
      description: 'Starts Recovery when an execution that switches is aborted, fails or times out',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['ABORTED', 'FAILED', 'TIMED_OUT'],
          stateMachineArn: SWITCHING.map((name) => this.machines[name].stateMachineArn),
        },
      },
      targets: [
        new SfnStateMachine(this.machines.Recovery, {
          input: RuleTargetInput.fromObject({ execution: EventField.fromPath('$.detail.name') }),
        }),
      ],
    });
  }

  #functions({ resources, network, inputDefaults = {} }: MigrationProps): Record<StepName, LambdaFunction> {
    const acting = MACHINE_NAMES.filter((name) => MACHINES[name].acts);
    const actingMachineArns = acting.map((name) => this.#arnOf('stateMachine', this.#nameOf(name)));
    const actingExecutionArns = acting.map((name) => this.#arnOf('execution', `${this.#nameOf(name)}:*`));
    const inputDefaultsText = JSON.stringify(inputDefaults);
    return mapped(STEP_NAMES, (step) => {
      // Of functions that may be made after this one.
      const switchFunctionArns = fencingWith(step).map((other) => Lazy.string({ produce: () => this.functions[other].functionArn }));
      const reach = reachOf(needsOf(step), { ...resources, actingMachineArns, actingExecutionArns, switchFunctionArns });
      return new MigrationFunction(this, step, {
        description: `Step ${step} of the migration to PlanetScale`,
        roleDescription: `Rights of the step ${step} of the migration to PlanetScale`,
        code: this.code,
        entry: 'handler',
        timeout: STEP_TIMEOUT,
        memoryMb: stepNamed(step).memoryMb,
        traced: true,
        reach,
        network: reach.network ? network : undefined,
        environment: { [VARIABLE.step]: step, [VARIABLE.inputDefaults]: inputDefaultsText },
      }).function;
    });
  }

  #machine(name: MachineName, reportPage: string): StateMachine {
    const room = new Construct(this, name);
    const machine = new StateMachine(room, 'Machine', {
      stateMachineName: this.#nameOf(name),
      comment: MACHINES[name].says,
      definitionBody: DefinitionBody.fromChainable(
        chainOf(new Construct(room, 'States'), MACHINES[name], this.functions, TOLD_AT_END.has(name) ? reportPage : undefined),
      ),
      timeout: TIMEOUT,
      tracingEnabled: true,
      // Every event, but not the data between the states: these stay in the execution's own history.
      logs: {
        destination: this.#logsOf(room, name),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
    });
    allowWildcard(machine, '*', 'X-Ray and the delivery of logs know no resources.');
    for (const step of stepsOf(MACHINES[name])) {
      allowWildcard(
        machine,
        `<${logicalIdOf(this.functions[step])}.Arn>:*`,
        'Versions and aliases of the very function that the state calls.',
      );
    }
    for (const { workers } of MACHINES[name].order as readonly Stage[]) if (workers) this.#allowChildren(machine, workers.name);
    return machine;
  }

  /** A machine starts the children of its map itself, and looks after them. @param map label of the map */
  #allowChildren(machine: StateMachine, map: string): void {
    const name = `{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"${logicalIdOf(machine)}"}]}]}`;
    const reason = 'Executions of the very machine that holds the right; their names are made by Step Functions.';
    for (const executions of [`${name}:*`, `${name}/${map}:*`]) allowWildcard(machine, this.#arnOf('execution', executions), reason);
  }

  /**
   * Under a prefix for which CloudWatch Logs itself allows Step Functions to write. For any other name Step Functions adds the log group to the
   * account's resource policy, which holds 5,120 characters and is shared by everything in the account that delivers logs.
   * https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
   */
  #logsOf(room: Construct, name: MachineName): LogGroup {
    const logGroupName = `/aws/vendedlogs/states/${this.#nameOf(name)}`;
    return new LogGroup(room, 'Logs', { logGroupName, retention: RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY });
  }

  /** Named by us: functions must know the ARNs of machines that are built from these very functions. */
  #nameOf(name: MachineName): string {
    return `${Stack.of(this).stackName}-${name}`;
  }

  #arnOf(resource: 'stateMachine' | 'execution', resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'states', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  }
}

const logicalIdOf = (construct: IConstruct): string =>
  Stack.of(construct).resolve(Stack.of(construct).getLogicalId(construct.node.defaultChild as CfnElement));

/** A record with one value for each key. */
function mapped<Key extends string, Value>(keys: readonly Key[], value: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<Key, Value>;
}
