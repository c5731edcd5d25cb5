/** The secrets of a deployment: those that are there, imported, and those that the stack makes. */
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { REPLICATION_ROLE } from '../lambdas/config/names.ts';
import type { MigrationConfig } from './config.ts';
import { allowUnrotated } from './exceptions.ts';
import type { ReadableSecret, Resources } from './resources.ts';

export function importedSecret(scope: Construct, id: string, secretCompleteArn: string, keyArn: string | undefined): ReadableSecret {
  const encryptionKey = keyArn === undefined ? {} : { encryptionKey: Key.fromKeyArn(scope, `${id}Key`, keyArn) };
  return Secret.fromSecretAttributes(scope, id, { secretCompleteArn, ...encryptionKey });
}

export function applicationSecrets(scope: Construct, config: MigrationConfig): Resources['application'] {
  const { applicationSecretArn: secretArn, applicationTargetSecretArn: targetArn, applicationRole: role } = config;
  if (secretArn === undefined) return undefined;
  return {
    secret: importedSecret(scope, 'ApplicationSecret', secretArn, config.applicationSecretKeyArn),
    login:
      targetArn === undefined
        ? { made: applicationLogin(scope), ...(role !== undefined && { role }) }
        : { given: importedSecret(scope, 'ApplicationTargetSecret', targetArn, config.applicationTargetSecretKeyArn) },
    sourceHosts: config.applicationSourceHosts,
  };
}

export function planetscaleSite(scope: Construct, config: MigrationConfig): Resources['planetscale'] {
  const { planetscaleOrganization: organization, planetscaleDatabase: database, planetscaleBranch: branch } = config;
  const { planetscaleTokenSecretArn: token } = config;
  if (organization === undefined || database === undefined || token === undefined) return undefined;
  return {
    organization,
    database,
    ...(branch !== undefined && { branch }),
    token: importedSecret(scope, 'PlanetScaleToken', token, config.planetscaleTokenSecretKeyArn),
    connection: config.targetHost,
  };
}

/** Secret without any value, not even an empty one: an update of the stack must never overwrite the operator's value. */
export function emptyTargetSecret(scope: Construct): ReadableSecret {
  const secret = new Secret(scope, 'TargetSecret', {
    description:
      'Login of the PlanetScale database. Put in {"url": "postgresql://…"} as PlanetScale shows it, ' +
      'or {"host": "…", "port": 5432, "username": "…", "password": "…", "dbname": "…"}.',
  });
  allowUnrotated(secret, 'The login is PlanetScale’s own; it is rotated there, by the person who fills in this secret.');
  if (secret.node.defaultChild instanceof CfnSecret) secret.node.defaultChild.generateSecretString = undefined;
  return secret;
}

export function makeReplicationSecret(scope: Construct): ReadableSecret {
  const secret = new Secret(scope, 'ReplicationSecret', {
    description:
      'What the passwords of the replication role are made of, one for each side. Generated; the machine Rotation puts in a new one.',
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: REPLICATION_ROLE }),
      generateStringKey: 'password',
      passwordLength: 48,
      excludePunctuation: true,
    },
  });
  allowUnrotated(secret, 'The role lives as long as one migration, and the machine Rotation gives it a new password on request.');
  return secret;
}

export function applicationLogin(scope: Construct): ReadableSecret {
  const secret = new Secret(scope, 'ApplicationLogin', {
    description:
      "Password of the application's login at PlanetScale. Generated; CreateApplicationLogin gives it to the role, and a switch puts it into " +
      "the application's own secret.",
    generateSecretString: {
      secretStringTemplate: '{}',
      generateStringKey: 'password',
      passwordLength: 48,
      excludePunctuation: true,
    },
  });
  allowUnrotated(secret, 'After a switch the application logs in with a copy of it, in a secret that the operator rotates.');
  return secret;
}
