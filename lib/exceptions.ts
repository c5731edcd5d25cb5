/** Exceptions from the AwsSolutions rules. Each is made where it is needed, for one finding, with its reason. */
import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Lets `scope` hold a right on a resource that is written with an asterisk. */
export function allowWildcard(scope: IConstruct, resource: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
}

/** Lets a secret live without automatic rotation. */
export function allowUnrotated(secret: IConstruct, reason: string): void {
  Validations.of(secret).acknowledge({ id: 'AwsSolutions-SMG4', reason });
}

/** Lets a security group be open to every address. */
export function allowAnyone(group: IConstruct, reason: string): void {
  Validations.of(group).acknowledge({ id: 'AwsSolutions-EC23', reason });
}

/** Lets a bucket do without access logs. */
export function allowUnloggedBucket(bucket: IConstruct, reason: string): void {
  Validations.of(bucket).acknowledge({ id: 'AwsSolutions-S1', reason });
}

/** Lets a load balancer do without access logs. */
export function allowUnlogged(balancer: IConstruct, reason: string): void {
  Validations.of(balancer).acknowledge({ id: 'AwsSolutions-ELB2', reason });
}
