/** Calls of the RDS API, and of EC2's for the network around a cluster, with their errors as ours. */
import { ClusterNotConfigurable, InvalidConfiguration, type MigrationError, TransientError } from '../../config/errors.ts';
import { type Call, translateCommon } from './aws-errors.ts';

/** Error names while the cluster or an instance of it is being changed, by us or by another principal; it will be available again. */
const BUSY = new Set([
  'InvalidDBClusterStateFault',
  'InvalidDBInstanceStateFault',
  'InvalidDBInstanceState',
  'InvalidDBParameterGroupStateFault',
  'InvalidDBParameterGroupState',
]);
const NOT_FOUND = /NotFound(Fault)?$/;
/** Errors of ModifyDBCluster about a group that does not exist: the cluster itself does. */
const LACKS_A_PART = /(ParameterGroup|SecurityGroup|Group\.)NotFound/;

/** @throws MigrationError for every error of the API */
export async function calling<Result>(call: Call, send: () => Promise<Result>): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    throw translateCommon(error, call) ?? translate(error as Error, call);
  }
}

function translate({ name, message }: Error, { action, resource }: Call): MigrationError {
  if (BUSY.has(name)) return new TransientError(`${resource} is being changed at the moment (${action} answered ${name}: ${message}).`);
  if (NOT_FOUND.test(name) && !(LACKS_A_PART.test(name) && action === 'rds:ModifyDBCluster')) return notFound(resource);
  const service = action.startsWith('ec2:') ? 'EC2' : 'RDS';
  return new ClusterNotConfigurable(
    `${service} refused ${action} on ${resource} (${name}: ${message}). It was left as it was; remove the cause, then start again.`,
  );
}

export const notFound = (resource: string): InvalidConfiguration =>
  new InvalidConfiguration(
    `AWS knows no ${resource} in this account and region. Nothing was changed; correct the settings and deploy again.`,
  );
