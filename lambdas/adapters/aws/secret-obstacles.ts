/** Other writers of a secret, by DescribeSecret: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html */
import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager';
import type { SecretObstacle } from '../../ports/application.ts';

type Described = Pick<DescribeSecretCommandOutput, 'ARN' | 'RotationEnabled' | 'OwningService' | 'PrimaryRegion'>;

const OWN = 'Make a secret for the application alone, let it read that one, name it in applicationSecretArn and deploy again.';

export function obstaclesIn({ ARN = '', RotationEnabled, OwningService, PrimaryRegion }: Described): SecretObstacle[] {
  const [, , , region = ''] = ARN.split(':');
  return [
    ...(OwningService
      ? [
          {
            code: 'ApplicationSecretManaged',
            message: `The secret belongs to another service (${OwningService}), which puts in values of its own, and which relies on those it put in.`,
            remedy: OWN,
          },
        ]
      : []),
    ...(RotationEnabled === true
      ? [
          {
            code: 'ApplicationSecretRotates',
            message:
              'The secret rotates: a rotation after the switch would put in a login of the side that was left, or give a new password to a role ' +
              'at the other.',
            remedy: 'Switch its rotation off until Cleanup has ended (aws secretsmanager cancel-rotate-secret).',
          },
        ]
      : []),
    ...(PrimaryRegion !== undefined && region !== '' && PrimaryRegion !== region
      ? [
          {
            code: 'ApplicationSecretReplica',
            message: `The secret is a replica of one in ${PrimaryRegion}, which alone may be written to.`,
            remedy: OWN,
          },
        ]
      : []),
  ];
}
