/** Rights for each need of a step in an AWS account. The record is total: a new need does not compile until its rights are defined. */
import type { Role } from 'aws-cdk-lib/aws-iam';
import { JOURNAL_PREFIX } from '../lambdas/cluster/journal.ts';
import { type Environment, VARIABLE } from '../lambdas/config/environment.ts';
import { ORIGINAL_LABEL } from '../lambdas/ports/application.ts';
import { STAGED_LABEL } from '../lambdas/ports/planetscale.ts';
import type { Need } from '../lambdas/ports/ports.ts';
import { allowFindingAddresses, CLUSTER_RIGHTS } from './cluster-rights.ts';
import { allowWildcard } from './exceptions.ts';
import { allow } from './grants.ts';
import type { Reach, ReadableSecret, Resources, Right } from './resources.ts';

/**
 * Lambda's Node.js runtime carries the authorities of RDS in this file, kept up to date by AWS for every region
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, "Certificates"). It is read for the source alone and not set as
 * NODE_EXTRA_CA_CERTS, which would make every connection trust them; a bundle of our own, or of an npm package, would age.
 */
const RUNTIME_AUTHORITIES = '/var/runtime/ca-cert.pem';

/** `grantRead` alone relies on the policy of the key, which we cannot change where the key is not ours. */
const allowReading = (role: Role, secret: ReadableSecret): void => {
  secret.grantRead(role);
  secret.encryptionKey?.grantDecrypt(role);
};

/** The source's address is in its secret, or else in the description of the cluster. */
const source: Right = {
  network: true,
  environment: ({ database, sourceSecret, cluster }) => ({
    [VARIABLE.database]: database,
    [VARIABLE.sourceSecret]: sourceSecret.secretArn,
    [VARIABLE.sourceAuthorities]: RUNTIME_AUTHORITIES,
    [VARIABLE.clusterIdentifier]: cluster.identifier,
  }),
  grant(role, { sourceSecret, cluster }) {
    allowReading(role, sourceSecret);
    allow(role, ['rds:DescribeDBClusters'], [cluster.arn]);
  },
};

const target: Right = {
  network: true,
  environment: ({ targetSecret, planetscale: site }) => ({
    [VARIABLE.targetSecret]: targetSecret.secretArn,
    ...(site && { [VARIABLE.planetscaleToken]: site.token.secretArn, [VARIABLE.targetHost]: site.connection }),
  }),
  grant: (role, { targetSecret }) => allowReading(role, targetSecret),
};

/** Where the login is made, its user is known to the target; only writing it needs the password. */
const loginEnvironment = ({ login }: NonNullable<Resources['application']>): Environment =>
  'given' in login
    ? { [VARIABLE.applicationTargetSecret]: login.given.secretArn }
    : { [VARIABLE.applicationLogin]: login.made.secretArn, ...(login.role !== undefined && { [VARIABLE.applicationRole]: login.role }) };

const allowReadingMadeLogin = (role: Role, { application }: Resources): void => {
  if (application && 'made' in application.login) allowReading(role, application.login.made);
};

/** The value of the secret is compared with both sides, whose addresses are in their own secrets, and with every name of the cluster. */
const applicationView: Right = {
  network: false,
  environment(resources) {
    const { sourceHosts = [] } = resources.application ?? {};
    return resources.application
      ? {
          ...source.environment(resources),
          ...target.environment(resources),
          ...applicationOriginal.environment(resources),
          ...loginEnvironment(resources.application),
          ...(sourceHosts.length > 0 && { [VARIABLE.applicationSourceHosts]: sourceHosts.join(',') }),
        }
      : {};
  },
  grant(role, resources) {
    if (!resources.application) return;
    source.grant(role, resources);
    target.grant(role, resources);
    allowFindingAddresses(role, resources.cluster);
    allowReading(role, resources.application.secret);
    if ('given' in resources.application.login) allowReading(role, resources.application.login.given);
  },
};

/** Moves our own label and no other: a principal that may move AWSCURRENT may change what the application reads. */
const allowLabelling = (role: Role, { secretArn }: ReadableSecret): void => {
  const conditions = { StringEquals: { 'secretsmanager:VersionStage': ORIGINAL_LABEL } };
  allow(role, ['secretsmanager:UpdateSecretVersionStage'], [secretArn], conditions);
};

const applicationOriginal: Right = {
  network: false,
  environment: ({ application }) => (application ? { [VARIABLE.applicationSecret]: application.secret.secretArn } : {}),
  grant(role, { application }) {
    if (!application) return;
    allow(role, ['secretsmanager:DescribeSecret'], [application.secret.secretArn]);
    allowLabelling(role, application.secret);
  },
};

const wayBackEnvironment = ({ wayBack: { host, port, sslmode } = {} }: Resources): Environment => ({
  ...(host === undefined ? {} : { [VARIABLE.reverseHost]: host }),
  ...(port === undefined ? {} : { [VARIABLE.reversePort]: String(port) }),
  ...(sslmode === undefined ? {} : { [VARIABLE.reverseSslmode]: sslmode }),
});

/** The authentication methods of the target are known only after a login. */
const wayBack: Right = {
  network: true,
  environment: (resources) => ({ ...target.environment(resources), ...wayBackEnvironment(resources) }),
  grant: (role, resources) => target.grant(role, resources),
};

const replication: Right = {
  network: true, // the login is tried on the source
  environment: (resources) => ({
    ...source.environment(resources),
    [VARIABLE.replicationSecret]: resources.replicationSecret.secretArn,
    [VARIABLE.subscriptionSslmode]: resources.subscriptionSslmode,
    ...(resources.entranceHost !== undefined && {
      [VARIABLE.entranceHost]: resources.entranceHost,
      [VARIABLE.clusterPort]: String(resources.cluster.port),
    }),
    ...wayBackEnvironment(resources),
  }),
  grant(role, resources) {
    source.grant(role, resources); // for its address, as the target reaches it, and for trying the login
    allowReading(role, resources.replicationSecret);
  },
};

/** Outside of AWS, by the token alone: what it may do is decided at PlanetScale. */
const planetscale: Right = {
  network: false,
  environment: ({ planetscale: site }) =>
    site
      ? {
          [VARIABLE.planetscaleOrganization]: site.organization,
          [VARIABLE.planetscaleDatabase]: site.database,
          ...(site.branch !== undefined && { [VARIABLE.planetscaleBranch]: site.branch }),
          [VARIABLE.planetscaleToken]: site.token.secretArn,
        }
      : {},
  grant(role, { planetscale: site }) {
    if (site) allowReading(role, site.token);
  },
};

export const RIGHTS: Readonly<Record<Need, Right>> = {
  source,
  schemaDump: source,
  target,
  replication,
  wayBack,
  /** Logs in to both sides as the replication role; the sides' own secrets have the addresses. */
  comparison: {
    network: true,
    environment: (resources) => ({ ...replication.environment(resources), ...target.environment(resources) }),
    grant(role, resources) {
      replication.grant(role, resources);
      target.grant(role, resources);
    },
  },
  lowLogin: target,
  /** Reads the source as the replication role, and fills the target as a role whose password is of the same secret. */
  partCopy: {
    network: true,
    environment: (resources) => ({ ...replication.environment(resources), ...target.environment(resources) }),
    grant(role, resources) {
      replication.grant(role, resources);
      target.grant(role, resources);
    },
  },
  ...CLUSTER_RIGHTS,
  executions: {
    network: false,
    environment: ({ actingMachineArns }) => ({ [VARIABLE.actingMachines]: actingMachineArns.join(',') }),
    grant(role, { actingMachineArns, actingExecutionArns = [] }) {
      allow(role, ['states:ListExecutions'], [...actingMachineArns]);
      if (actingExecutionArns.length > 0) allow(role, ['states:DescribeExecution'], [...actingExecutionArns]);
      for (const arn of actingExecutionArns)
        allowWildcard(role, arn, 'Every execution of this machine; their names are chosen when they are started.');
    },
  },
  replicationSecret: {
    network: false,
    environment: ({ replicationSecret }) => ({ [VARIABLE.replicationSecret]: replicationSecret.secretArn }),
    grant(role, { replicationSecret }) {
      allowReading(role, replicationSecret);
      allow(role, ['secretsmanager:PutSecretValue'], [replicationSecret.secretArn]);
    },
  },
  application: {
    ...applicationView,
    grant(role, resources) {
      if (!resources.application) return;
      const { secretArn, encryptionKey } = resources.application.secret;
      applicationView.grant(role, resources);
      allowReadingMadeLogin(role, resources);
      allowLabelling(role, resources.application.secret);
      allow(role, ['secretsmanager:PutSecretValue'], [secretArn]);
      if (encryptionKey) allow(role, ['kms:GenerateDataKey'], [encryptionKey.keyArn]);
    },
  },
  applicationView,
  applicationOriginal,
  applicationLogin: {
    network: true, // the login is tried on the target
    environment: (resources) => ({
      ...target.environment(resources),
      ...(resources.application && 'made' in resources.application.login && loginEnvironment(resources.application)),
    }),
    grant(role, resources) {
      target.grant(role, resources);
      allowReadingMadeLogin(role, resources);
    },
  },
  functions: {
    network: false,
    environment: ({ switchFunctionArns = [] }) => ({ [VARIABLE.switchFunctions]: switchFunctionArns.join(',') }),
    grant: (role, { switchFunctionArns = [] }) => allow(role, ['lambda:InvokeFunction'], [...switchFunctionArns]),
  },
  concurrency: {
    network: false,
    environment: () => ({}),
    grant(role) {
      allow(role, ['lambda:GetAccountSettings'], ['*']);
      allowWildcard(role, '*', 'The limits of an account are of no resource; they are read only.');
    },
  },
  planetscale,
  planetscaleSetup: planetscale,
  planetscaleRestore: planetscale,
  targetJournal: {
    network: false,
    environment: ({ planetscale: site, cluster: { stack } }) =>
      site ? { [VARIABLE.planetscaleToken]: site.token.secretArn, [VARIABLE.stack]: stack } : {},
    grant(role, { planetscale: site, cluster: { stack } }) {
      if (!site) return;
      allow(role, ['secretsmanager:DescribeSecret'], [site.token.secretArn]);
      allow(role, ['secretsmanager:TagResource', 'secretsmanager:UntagResource'], [site.token.secretArn], {
        'ForAllValues:StringLike': { 'aws:TagKeys': [`${JOURNAL_PREFIX}${stack}:*`] },
        Null: { 'aws:TagKeys': 'false' }, // without a key, a condition for all keys would hold
      });
    },
  },
  targetLogin: target,
  targetSecret: {
    ...target,
    grant(role, resources) {
      const { secretArn, encryptionKey } = resources.targetSecret;
      target.grant(role, resources);
      if (!resources.planetscale) return;
      allow(role, ['secretsmanager:PutSecretValue'], [secretArn]);
      const labels = { StringEquals: { 'secretsmanager:VersionStage': ['AWSCURRENT', STAGED_LABEL] } };
      allow(role, ['secretsmanager:UpdateSecretVersionStage'], [secretArn], labels);
      if (encryptionKey) allow(role, ['kms:GenerateDataKey'], [encryptionKey.keyArn]);
    },
  },
  hook: {
    network: false,
    environment: ({ switchHookArn }) => (switchHookArn === undefined ? {} : { [VARIABLE.switchHook]: switchHookArn }),
    grant(role, { switchHookArn }) {
      if (switchHookArn !== undefined) allow(role, ['lambda:InvokeFunction'], [switchHookArn]);
    },
  },
};

/** Exactly what these needs ask for, in their order. */
export function reachOf(needs: readonly Need[], resources: Resources): Reach {
  const rights = needs.map((need) => RIGHTS[need]);
  return {
    network: rights.some(({ network }) => network),
    environment: Object.assign({}, ...rights.map((right) => right.environment(resources))),
    grant(role) {
      for (const right of rights) right.grant(role, resources);
    },
  };
}
