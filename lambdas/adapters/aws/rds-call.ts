/** Calls of the RDS API, and of EC2's for the network around a cluster, with their faults as errors of ours. */
import { ClusterNotConfigurable, InvalidConfiguration, type MigrationError, TransientError } from '../../config/errors.ts';
import { type Call, translateCommon } from './aws-errors.ts';

/** The cluster or an instance of it is being changed by somebody, ourselves included; it will be available again. */
const BUSY = new Set([
  'InvalidDBClusterStateFault',
  'InvalidDBInstanceStateFault',
  'InvalidDBInstanceState',
  'InvalidDBParameterGroupStateFault',
  'InvalidDBParameterGroupState',
]);
const NOT_FOUND = /NotFound(Fault)?$/;
/** A cluster that is there can be asked to take a group that is gone: then the cluster is not what is missing. */
const LACKS_A_PART = /(ParameterGroup|SecurityGroup|Group\.)NotFound/;

/** @throws MigrationError whatever the API answers but a result */
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
