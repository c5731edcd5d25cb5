/** The template of the real app, for tests that say sentences about it. */
import { readFileSync } from 'node:fs';
import { App, type CfnElement, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import type { MachineName, StepName } from '../../lambdas/engine/machines.ts';
import { STEP_NAMES } from '../../lambdas/steps/index.ts';
import { parseConfig } from '../../lib/config.ts';
import { MigrationStack } from '../../lib/migration-stack.ts';

/** The least that a deployment has to say. */
export const CONTEXT = {
  clusterIdentifier: 'shop-production',
  engineVersion: '15.4',
  database: 'shop',
  sourceSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-production-AbC123',
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: 'subnet-0123456789abcdef0,subnet-0fedcba9876543210',
  clusterSecurityGroupId: 'sg-0123456789abcdef0',
};

/** Settings of a deployment with a token for PlanetScale's API. */
export const TOKEN = {
  planetscaleOrganization: 'acme',
  planetscaleDatabase: 'shop',
  planetscaleTokenSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:planetscale-token-AbC123',
};
/** Settings of one whose cluster is in private subnets. */
export const BEHIND = { access: 'load-balancer', publicSubnetIds: 'subnet-00000000000000001,subnet-00000000000000002' };

/** One statement of a policy, with lists where CloudFormation allows a single one. */
export interface Right {
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
}

export interface Synthesized {
  readonly template: Template;
  /** What `cdk synth` prints beside it. */
  readonly warnings: readonly string[];
  /** All that the role of a step's function may do. */
  rightsOf(step: StepName): readonly Right[];
  /** Properties of a step's function. */
  functionOf(step: StepName): Properties;
  /** Properties of a machine. */
  machineOf(machine: MachineName): Properties;
  definitionOf(machine: MachineName): StateMachineDefinition & { readonly Comment?: string };
  /** Logical id of the resource at this path below the stack. */
  idOf(path: string): string;
}
// biome-ignore lint/suspicious/noExplicitAny: a template is what CloudFormation takes, which no type of ours describes
type Properties = Readonly<Record<string, any>>;

/** @param context beyond {@link CONTEXT} @param check whether the AwsSolutions rules and CloudFormation's own are asked; a violation makes synthesis throw */
export function synthesized(context: Readonly<Record<string, unknown>> = {}, check = false): Synthesized {
  const { context: flags } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));
  const app = new App({
    context: { ...flags, 'aws:cdk:bundling-stacks': [] },
    analyticsReporting: false,
    builtinCloudFormationValidation: check, // it takes longer than all the rest
  });
  const config = parseConfig({ ...CONTEXT, ...context });
  const stack = new MigrationStack(app, config.stackName, { config });
  if (check) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const template = Template.fromStack(stack);
  const resources: Record<string, { readonly Properties: Properties }> = template.toJSON().Resources;
  const idOf = (path: string): string => {
    const construct = path.split('/').reduce((at, id) => at.node.findChild(id), stack as IConstruct);
    return stack.resolve(stack.getLogicalId(construct as CfnElement));
  };
  const at = (path: string): Properties => resources[idOf(path)]?.Properties ?? {};
  return {
    template,
    warnings: Annotations.fromStack(stack)
      .findWarning('*', Match.anyValue())
      .map(({ entry }) => String(entry.data)),
    idOf,
    rightsOf: (step) => at(`Migration/${step}/Role/DefaultPolicy/Resource`).PolicyDocument.Statement.map(rightOf),
    functionOf: (step) => at(`Migration/${step}/Function/Resource`),
    machineOf: (machine) => at(`Migration/${machine}/Machine/Resource`),
    definitionOf: (machine) => JSON.parse(textOf(at(`Migration/${machine}/Machine/Resource`).DefinitionString)),
  };
}

const listOf = <Item>(item: Item | readonly Item[]): readonly Item[] => (Array.isArray(item) ? item : [item as Item]);

function rightOf({ Effect, Action, Resource }: Properties): Right {
  if (Effect !== 'Allow') throw new Error(`A policy holds a ${Effect}.`);
  return { actions: listOf(Action), resources: listOf(Resource) };
}

/** Joins, with logical ids in place of what only CloudFormation knows. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[intrinsic, argument] = []] = Object.entries(value ?? {});
  if (intrinsic === 'Fn::Join') return (argument as [string, unknown[]])[1].map(textOf).join('');
  return `arn:aws:lambda:eu-central-1:111122223333:function:${(argument as string[])[0]}`;
}

/** Steps whose function has a right to an action. */
export const whoMay = (stack: Synthesized, action: string): StepName[] =>
  STEP_NAMES.filter((step) => stack.rightsOf(step).some(({ actions }) => actions.includes(action)));
