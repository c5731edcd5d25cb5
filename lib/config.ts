/**
 * Untrusted CDK context → trusted {@link MigrationConfig}. It says where the databases are and with what rights the migration works;
 * what is moved and when is the execution's input (`lambdas/config/input.ts`).
 */
import type { Json } from '../lambdas/config/json.ts';
import { boolean, databaseName, listOf, matching, oneOf, type Parsers, parseEach, show, wholeNumber } from '../lambdas/config/parsing.ts';
import { doubleRoles } from '../lambdas/config/secret-roles.ts';
import type { Sslmode } from '../lambdas/ports/replication.ts';
import {
  cidr,
  clusterIdentifier,
  engineVersion,
  fromText,
  functionArn,
  hostWithPort,
  inputDefaults,
  json,
  keyArn,
  list,
  notEmpty,
  secretArn,
} from './setting-values.ts';

export interface MigrationConfig {
  /** Name of the stack, and the beginning of its machines' names. One stack moves one database. @default AuroraToPlanetScale */
  readonly stackName: string;
  /** DBClusterIdentifier of the Aurora cluster. */
  readonly clusterIdentifier: string;
  /** DBInstanceIdentifiers that may be changed and rebooted; an asterisk at the end stands for any ending. @default - those that begin with the cluster's name */
  readonly clusterInstances: readonly string[];
  /** Port of the cluster. @default 5432 */
  readonly clusterPort: number;
  /** Engine version such as 15.4, from which the family of the parameter group follows. */
  readonly engineVersion: string;
  /** Name of the database to move. */
  readonly database: string;
  /** Secret with the login of the cluster's master user, and the account and region of the whole stack. */
  readonly sourceSecretArn: string;
  /** KMS key of that secret. @default - the account's own key for secrets, which needs no rights */
  readonly sourceSecretKeyArn?: string;
  /** Secret with the login of the target. @default - the stack makes an empty one, to be filled in */
  readonly targetSecretArn?: string;
  /** KMS key of that secret. @default - the account's own key for secrets, which needs no rights */
  readonly targetSecretKeyArn?: string;
  /**
   * Secret from which the application reads its connection, which a switch changes: `{"host", "port", "username", "password", "dbname"}`,
   * `{"url"}` or a bare URL; every other key is kept. It must not rotate meanwhile. @default - a person changes the application's connection
   */
  readonly applicationSecretArn?: string;
  /** KMS key of that secret. @default - the account's own key for secrets, which needs no rights */
  readonly applicationSecretKeyArn?: string;
  /** Secret with the login that the application gets at the target, of the same forms as the target secret. @default - the target secret */
  readonly applicationTargetSecretArn?: string;
  /** KMS key of that secret. @default - the account's own key for secrets, which needs no rights */
  readonly applicationTargetSecretKeyArn?: string;
  /**
   * Names under which the application reaches the source beside those that RDS gives it (a CNAME, a pooler of your own), each a host or
   * `host:port`. Whatever they lead to must be the same database. @default - none
   */
  readonly applicationSourceHosts: readonly string[];
  /**
   * ARN of a function of your own, with or without an alias, that is called around every switch with
   * `{"moment": "before" | "after" | "failed", "to": "source" | "target", "execution": "…"}`. It has 10 seconds; where it fails before a
   * switch, nothing is switched. `failed` follows a `before` whose switch was taken back. It may be called twice. @default - none
   */
  readonly switchHookArn?: string;
  /** VPC of the cluster. */
  readonly vpcId: string;
  /** Subnets of the functions; they must lead to the cluster, and through a NAT gateway to the internet. */
  readonly subnetIds: readonly string[];
  /** Security group of the cluster, which gets a rule that lets the functions in. */
  readonly clusterSecurityGroupId: string;
  /** Addresses from which the PlanetScale database connects, in CIDR notation. @default - none */
  readonly planetscaleEgress: readonly string[];
  /**
   * Whether the migration makes the writer, and every instance that a failover may make the writer, publicly accessible, as the guide asks.
   * Without it PlanetScale must reach the cluster by a way of your own. @default true
   */
  readonly publicAccess: boolean;
  /** Whether every address of the internet may reach the cluster's port, in place of `planetscaleEgress`. @default false */
  readonly allowAnyAddress: boolean;
  /** Whether pglogical is preloaded, as the guide asks. @default true */
  readonly preloadPglogical: boolean;
  /** libpq's sslmode for the target's connection to the source; anything below `require` gives up encryption. @default require */
  readonly subscriptionSslmode: Sslmode;
  /**
   * libpq's sslmode for the source's connection to the target, the stream back. @default - `verify-full` against the authorities of the source's
   * system where it is version 16 or newer, else `require`; with channel binding where the target offers it
   */
  readonly reverseSslmode?: Sslmode;
  /** Host under which the source reaches the target for the stream back. @default - that of the target secret */
  readonly reverseHost?: string;
  /** Port under which the source reaches the target for the stream back. @default - that of the target secret */
  readonly reversePort?: number;
  /** Address that is told of alarms and results. @default - nobody */
  readonly notificationEmail?: string;
  /** Defaults of the execution input, in its own form. What needs consent is not among them: each execution gives its own. @default {} */
  readonly inputDefaults: Readonly<Record<string, Json>>;
}

/** The settings without which nothing can be built, each with a value to show. */
const EXAMPLES = {
  clusterIdentifier: 'shop-production',
  engineVersion: '15.4',
  database: 'shop',
  sourceSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-production-AbC123',
  vpcId: 'vpc-0123456789abcdef0',
  subnetIds: 'subnet-0123456789abcdef0,subnet-0fedcba9876543210',
  clusterSecurityGroupId: 'sg-0123456789abcdef0',
} as const satisfies Partial<Record<keyof MigrationConfig, string>>;
type Required = keyof typeof EXAMPLES;

/** The settings that may be left out. */
const fallbacks = ({ clusterIdentifier = '' }: Partial<MigrationConfig>) => ({
  stackName: 'AuroraToPlanetScale',
  clusterInstances: [`${clusterIdentifier}*`],
  clusterPort: 5432,
  applicationSourceHosts: [],
  planetscaleEgress: [],
  publicAccess: true,
  allowAnyAddress: false,
  preloadPglogical: true,
  subscriptionSslmode: 'require' as const,
  inputDefaults: {},
});

const SETTINGS: Parsers<MigrationConfig> = {
  stackName: matching(/^[A-Za-z][A-Za-z0-9-]{0,59}$/, 'a stack name of at most 60 letters, digits and hyphens, a letter first'),
  clusterIdentifier,
  clusterInstances: notEmpty(
    fromText(list, listOf(matching(/^[A-Za-z][A-Za-z0-9-]{0,62}\*?$/, 'a list of instance identifiers, an asterisk only at an end'))),
  ),
  clusterPort: fromText(json, wholeNumber(1, 65_535)),
  engineVersion: (value) => engineVersion(typeof value === 'number' ? String(value) : value),
  database: databaseName,
  sourceSecretArn: secretArn,
  sourceSecretKeyArn: keyArn,
  targetSecretArn: secretArn,
  targetSecretKeyArn: keyArn,
  applicationSecretArn: secretArn,
  applicationSecretKeyArn: keyArn,
  applicationTargetSecretArn: secretArn,
  applicationTargetSecretKeyArn: keyArn,
  applicationSourceHosts: fromText(list, listOf(hostWithPort)),
  switchHookArn: functionArn,
  vpcId: matching(/^vpc-[0-9a-f]{8,17}$/, 'a VPC id'),
  subnetIds: notEmpty(fromText(list, listOf(matching(/^subnet-[0-9a-f]{8,17}$/, 'a list of subnet ids')))),
  clusterSecurityGroupId: matching(/^sg-[0-9a-f]{8,17}$/, "a security group's id"),
  planetscaleEgress: fromText(list, listOf(cidr)),
  publicAccess: fromText(json, boolean),
  allowAnyAddress: fromText(json, boolean),
  preloadPglogical: fromText(json, boolean),
  subscriptionSslmode: oneOf('require', 'verify-full', 'prefer', 'disable'),
  reverseSslmode: oneOf('require', 'verify-full', 'prefer', 'disable'),
  reverseHost: matching(/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/, 'a host name or an address'),
  reversePort: fromText(json, wholeNumber(1, 65_535)),
  notificationEmail: matching(/^(?=.{3,254}$)[A-Za-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, 'an e-mail address'),
  inputDefaults: fromText(json, inputDefaults),
};

/** What the settings lack. The message is for a person at a terminal: all problems, and a command to copy. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      [
        'The settings are not complete, and nothing was built:',
        ...problems.map((problem) => `  - ${problem}`),
        '',
        'Settings stand under "context" in cdk.json, or on the command line:',
        '',
        ['  npx cdk synth', ...Object.entries(EXAMPLES).map(([key, value]) => `    -c ${key}=${value}`)].join(' \\\n'),
        '',
      ].join('\n'),
    );
    this.problems = problems;
  }
}

/** Keys of the CDK itself: feature flags, `aws:cdk:…`, and what a lookup leaves in cdk.context.json. Ours hold neither character. */
const isOfTheCdk = (key: string): boolean => key.startsWith('@') || key.includes(':');

const ARNS = [
  'sourceSecretKeyArn',
  'targetSecretArn',
  'targetSecretKeyArn',
  'applicationSecretArn',
  'applicationSecretKeyArn',
  'applicationTargetSecretArn',
  'applicationTargetSecretKeyArn',
  'switchHookArn',
] as const satisfies (keyof MigrationConfig)[];
/** Partition, region and account. */
const homeOf = (arn: string): string => [1, 3, 4].map((part) => arn.split(':')[part]).join(':');

/** What stands elsewhere than the source's secret: a function asks its own account and region only. */
function strangers(values: Partial<MigrationConfig>): string[] {
  const { sourceSecretArn: source } = values;
  if (source === undefined) return [];
  const strange = ARNS.filter((key) => homeOf(values[key] ?? source) !== homeOf(source));
  return strange.map((key) => `${show(key)} is in another account or region than "sourceSecretArn"; put it beside the cluster.`);
}

/** One secret in two roles. */
function doubled(values: Partial<MigrationConfig>): string[] {
  const { sourceSecretArn, targetSecretArn, applicationSecretArn, applicationTargetSecretArn } = values;
  const roles = {
    source: sourceSecretArn,
    target: targetSecretArn,
    application: applicationSecretArn,
    applicationTarget: applicationTargetSecretArn,
  };
  return doubleRoles(Object.fromEntries(Object.entries(roles).flatMap(([role, arn]) => (arn === undefined ? [] : [[role, [arn]]]))));
}

/** Settings that say something about another one. */
const COMPANIONS: Partial<Record<keyof MigrationConfig, keyof MigrationConfig>> = {
  applicationSecretKeyArn: 'applicationSecretArn',
  applicationTargetSecretArn: 'applicationSecretArn',
  applicationSourceHosts: 'applicationSecretArn',
  applicationTargetSecretKeyArn: 'applicationTargetSecretArn',
};

const alone = (given: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(COMPANIONS)
    .filter(([key, other]) => Object.hasOwn(given, key) && !Object.hasOwn(given, other))
    .map(([key, other]) => `${show(key)} means nothing without ${show(other)}; give both, or neither.`);

/** Two answers to the one question of who is let in. */
const contradictions = ({ allowAnyAddress, planetscaleEgress = [] }: Partial<MigrationConfig>): string[] =>
  allowAnyAddress === true && planetscaleEgress.length > 0
    ? ['"allowAnyAddress" lets every address in, so "planetscaleEgress" means nothing beside it; give one of the two.']
    : [];

/**
 * @param context all of the app's context; empty texts count as not given, so that a template of settings may be filled in piece by piece
 * @throws InvalidConfig listing every problem at once: missing settings, refused values, unknown keys
 */
export function parseConfig(context: Readonly<Record<string, unknown>>): MigrationConfig {
  const given = Object.fromEntries(Object.entries(context).filter(([key, value]) => !isOfTheCdk(key) && value !== ''));
  const { values, problems } = parseEach(SETTINGS, given);
  const missing = (Object.keys(EXAMPLES) as Required[])
    .filter((key) => !Object.hasOwn(given, key))
    .map((key) => `${show(key)} is missing. Example: ${EXAMPLES[key]}`);
  const all = [...missing, ...problems, ...strangers(values), ...doubled(values), ...alone(given), ...contradictions(values)];
  if (all.length > 0) throw new InvalidConfig(all);
  return { ...fallbacks(values), ...(values as Pick<MigrationConfig, Required>) };
}
