/** The template that `cdk deploy` would send, for checks that only read it: nothing is bundled or deployed. */
import { App } from 'aws-cdk-lib';
import { parseConfig } from './config.ts';
import { MigrationStack } from './migration-stack.ts';

/**
 * @param context the settings, as they would stand in cdk.json
 * @param flags the CDK's own keys of cdk.json; the template depends on them
 * @param outdir folder for what the CDK writes
 * @returns the name of the stack, and its template
 * @throws InvalidConfig
 */
export function synthesizedTemplate(
  context: Readonly<Record<string, unknown>>,
  flags: Readonly<Record<string, unknown>>,
  outdir: string,
): { readonly stackName: string; readonly template: { readonly Resources: unknown } } {
  // CloudFormation's rules take longer than all the rest, and are left to `cdk synth`.
  const app = new App({
    outdir,
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { ...flags, 'aws:cdk:bundling-stacks': [] },
  });
  const config = parseConfig(context);
  const { stackName } = new MigrationStack(app, config.stackName, { config });
  return { stackName, template: app.synth().getStackByName(stackName).template };
}
