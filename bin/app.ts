/** CDK context → trusted settings → the stack. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { InvalidConfig, parseConfig } from '../lib/config.ts';
import { MigrationStack } from '../lib/migration-stack.ts';

const app = new App();
try {
  const config = parseConfig(app.node.getAllContext());
  new MigrationStack(app, config.stackName, { config });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  if (!(error instanceof InvalidConfig)) throw error;
  console.error(error.message); // for the operator; a stack trace would hide the message
  process.exitCode = 1;
}
