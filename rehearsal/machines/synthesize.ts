/** The state machines of the real app, taken out of the template that `cdk deploy` would send. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { VARIABLE } from '../../lambdas/config/environment.ts';
import { DEFAULT_INPUT, type MigrationInput, parseInput } from '../../lambdas/config/input.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { MACHINE_NAMES, MACHINES, type MachineName } from '../../lambdas/engine/machines.ts';
import { synthesizedTemplate } from '../../lib/synthesized-template.ts';
import { statesOf } from './states.ts';

/** One machine as it would be deployed. */
export interface SynthesizedMachine {
  readonly name: MachineName;
  /** Whether it changes anything, so that two executions must not run at once. */
  readonly acts: boolean;
  readonly definition: StateMachineDefinition;
  /** The function of each task, those of the children of a map included, by the name of its state. */
  readonly functions: Readonly<Record<string, SynthesizedFunction>>;
}

/** A function, by its environment in the template. */
export interface SynthesizedFunction {
  readonly step: StepName;
  readonly defaults: MigrationInput;
}

/** Nothing of this exists; the template is read, not deployed. */
const CONTEXT = {
  clusterIdentifier: 'rehearsal',
  engineVersion: '15.4',
  database: 'rehearsal',
  sourceSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:rehearsal-AbC123',
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: 'subnet-0123456789abcdef0',
  clusterSecurityGroupId: 'sg-0123456789abcdef0',
  planetscaleEgress: '192.0.2.1',
};
const ACCOUNT = '111122223333';
const PSEUDO: Readonly<Record<string, string>> = { 'AWS::Partition': 'aws', 'AWS::Region': 'eu-central-1', 'AWS::AccountId': ACCOUNT };

interface Resource {
  readonly Type: string;
  readonly Properties: {
    readonly StateMachineName?: string;
    readonly DefinitionString?: unknown;
    readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
  };
}
type Resources = Readonly<Record<string, Resource>>;

type Machines = Readonly<Record<MachineName, SynthesizedMachine>>;
let known: Machines | undefined;

/** Takes about a second for the first time in a process, and neither network nor credentials. */
export function synthesizeMachines(): Machines {
  known ??= synthesize();
  return structuredClone(known);
}

/** In a folder that is gone afterwards. */
function synthesize(): Machines {
  const outdir = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-synth-'));
  try {
    const { stackName, template } = synthesizedTemplate(CONTEXT, featureFlags(), outdir);
    const resources = template.Resources as Resources;
    return Object.fromEntries(MACHINE_NAMES.map((name) => [name, machineIn(resources, name, `${stackName}-${name}`)])) as Machines;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The feature flags that `cdk synth` would take from cdk.json; the template depends on them. */
function featureFlags(): Record<string, unknown> {
  const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
    context: Record<string, unknown>;
  };
  return context;
}

function machineIn(resources: Resources, name: MachineName, deployedName: string): SynthesizedMachine {
  const found = Object.values(resources).find(
    ({ Type, Properties }) => Type === 'AWS::StepFunctions::StateMachine' && Properties.StateMachineName === deployedName,
  );
  if (!found) throw new Error(`The template has no state machine ${deployedName}.`);
  const definition = JSON.parse(resolve(found.Properties.DefinitionString)) as StateMachineDefinition;
  const functions: Record<string, SynthesizedFunction> = {};
  for (const [stateName, state] of statesOf(definition)) {
    if (state.Type !== 'Task') continue;
    functions[stateName] = functionBehind(resources, state.Resource);
    state.TimeoutSeconds ??= LAMBDA_SECONDS;
  }
  // The interpreter keeps this time in a timer of 32 bits, which ends after 24 days, at once where it overflows.
  delete definition.TimeoutSeconds;
  return { name, acts: MACHINES[name].acts, definition, functions };
}

/** The interpreter gives a task a minute where nothing is said; Step Functions gives it as long as Lambda does. */
const LAMBDA_SECONDS = 900;

/** CloudFormation's functions, as far as a definition holds them, resolved into a text. */
function resolve(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[intrinsic, argument] = []] = Object.entries(value ?? {});
  if (intrinsic === 'Fn::Join' && Array.isArray(argument)) return (argument[1] as unknown[]).map(resolve).join(argument[0]);
  if (intrinsic === 'Fn::GetAtt' && Array.isArray(argument) && argument[1] === 'Arn') return `${FUNCTION_ARN}${argument[0]}`;
  if (intrinsic === 'Ref' && typeof argument === 'string') return PSEUDO[argument] ?? argument;
  throw new Error(`A definition holds ${intrinsic}, which the rehearsal cannot resolve.`);
}

const FUNCTION_ARN = `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:`;

function functionBehind(resources: Resources, arn: string): SynthesizedFunction {
  const variables = resources[arn.slice(FUNCTION_ARN.length)]?.Properties.Environment?.Variables;
  const step = variables?.[VARIABLE.step];
  if (typeof step !== 'string') throw new Error(`There is no function of a step behind ${arn}.`);
  const defaults = variables?.[VARIABLE.inputDefaults];
  return {
    step: step as StepName,
    defaults: typeof defaults === 'string' ? parseInput(JSON.parse(defaults), DEFAULT_INPUT) : DEFAULT_INPUT,
  };
}
