/** The grant of a right to a function's role. */
import { Grant, type Role } from 'aws-cdk-lib/aws-iam';

/** @param conditions of the statement, as IAM writes them */
export function allow(
  role: Role,
  actions: string[],
  resourceArns: string[],
  conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): void {
  Grant.addToPrincipal({ grantee: role, actions, resourceArns, ...(conditions && { conditions: { ...conditions } }) });
}
