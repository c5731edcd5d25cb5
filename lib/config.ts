/**
 * Untrusted CDK context → trusted {@link MigrationConfig}. It says where the databases are and with what rights the migration works;
 * what is moved and when is the execution's input (`lambdas/input.ts`).
 */
import { isIPv4 } from 'node:net';
import type { Json, ReplicationLogin } from '../lambdas/contract.ts';
import { InvalidInput } from '../lambdas/errors.ts';
import { parseInput } from '../lambdas/input.ts';
import {
  boolean,
  databaseName,
  listOf,
  matching,
  oneOf,
  type Parse,
  type Parsers,
  Problem,
  parseEach,
  show,
  wholeNumber,
} from '../lambdas/parsing.ts';

export interface MigrationConfig {
  /** Name of the stack, and the beginning of its machines' names. One stack moves one database. @default AuroraToPlanetScale */
  readonly stackName: string;
  /** DBClusterIdentifier of the Aurora cluster. */
  readonly clusterIdentifier: string;
  /** DBInstanceIdentifiers that may be rebooted; an asterisk at the end stands for any ending. @default - those that begin with the cluster's name */
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
  /** Secret from which the application reads its connection. @default - none */
  readonly applicationSecretArn?: string;
  /** VPC of the cluster. */
  readonly vpcId: string;
  /** Subnets of the functions; they must lead to the cluster, and through a NAT gateway to the internet. */
  readonly subnetIds: readonly string[];
  /** Security group of the cluster, which gets a rule that lets the functions in. */
  readonly clusterSecurityGroupId: string;
  /** Addresses from which the PlanetScale database connects, in CIDR notation. @default - none */
  readonly planetscaleEgress: readonly string[];
  /** Whether pglogical is preloaded, as the guide asks. @default true */
  readonly preloadPglogical: boolean;
  /** libpq's sslmode for the target's connection to the source; anything below `require` gives up encryption. @default require */
  readonly subscriptionSslmode: ReplicationLogin['sslmode'];
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
  planetscaleEgress: [],
  preloadPglogical: true,
  subscriptionSslmode: 'require' as const,
  inputDefaults: {},
});

const OLDEST_SOURCE = 11;
const NEWEST_SOURCE = 18;
/** PlanetScale lists single addresses; a net of more than 256 is a mistake, and two halves of the internet are the whole of it. */
const SHORTEST_PREFIX = 24;

/** Values given with `-c` are texts. Whatever is not a text, as from cdk.json, passes through. */
const fromText =
  <Value>(read: (text: string) => unknown, parse: Parse<Value>): Parse<Value> =>
  (value) =>
    parse(typeof value === 'string' ? read(value.trim()) : value);

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text; // refused by the parser of the setting, with the text as it is
  }
};
const list = (text: string): unknown => (text.startsWith('[') ? json(text) : text.split(',').map((item) => item.trim()));

const arnOf = (service: string, resource: string, form: string): Parse<string> =>
  matching(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:[0-9]{12}:${resource}$`), form);
const secretArn = arnOf(
  'secretsmanager',
  'secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}',
  "a secret's complete ARN, six random characters included",
);
const keyArn = arnOf('kms', 'key/[A-Za-z0-9-]+', "a KMS key's ARN");

const clusterIdentifier: Parse<string> = (value) => {
  const parsed = matching(/^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,61}[A-Za-z0-9]$/, 'an RDS identifier (letters, digits, single hyphens)')(value);
  return typeof parsed === 'string' ? parsed.toLowerCase() : parsed; // as RDS keeps it, and as ARNs spell it
};

const engineVersion: Parse<string> = (value) => {
  const parsed = matching(/^[0-9]{1,2}(\.[0-9]{1,3})?$/, `an engine version such as ${EXAMPLES.engineVersion}`)(value);
  if (parsed instanceof Problem) return parsed;
  const major = majorVersion(parsed);
  return major >= OLDEST_SOURCE && major <= NEWEST_SOURCE
    ? parsed
    : new Problem(`is ${show(value)}, but sources from ${OLDEST_SOURCE} to ${NEWEST_SOURCE} can be moved; upgrade the cluster first.`);
};

/** 15 of `15.4`. */
export const majorVersion = (version: string): number => Number(version.split('.')[0]);

/** An address or a small net; an address alone becomes a net of one. */
const cidr: Parse<string> = (value) => {
  const [address = '', prefix = '32', ...rest] = typeof value === 'string' ? value.split('/') : [];
  if (!isIPv4(address) || !/^([0-9]|[12][0-9]|3[0-2])$/.test(prefix) || rest.length > 0) {
    return new Problem(`holds ${show(value)}, which is not an IPv4 address, with or without a prefix such as /32.`);
  }
  return Number(prefix) >= SHORTEST_PREFIX
    ? `${address}/${prefix}`
    : new Problem(
        `holds ${show(value)}, which would open the source to ${2 ** (32 - Number(prefix))} addresses; the widest net is /${SHORTEST_PREFIX}.`,
      );
};

const notEmpty =
  <Value>(parse: Parse<readonly Value[]>): Parse<readonly Value[]> =>
  (value) => {
    const parsed = parse(value);
    return !(parsed instanceof Problem) && parsed.length === 0 ? new Problem('must not be empty.') : parsed;
  };

/** Keys of the input that no deployment may set for all executions to come. */
const CONSENTS = { reboot: 'rebooting the writer', target: 'dropping the copied objects' };

const inputDefaults: Parse<Readonly<Record<string, Json>>> = (value) => {
  try {
    parseInput(value);
  } catch (error) {
    if (error instanceof InvalidInput)
      return new Problem(...error.problems.map((problem) => `holds a default that is refused: ${problem}`));
    throw error;
  }
  const defaults = value as Record<string, Json>;
  const consents = Object.entries(CONSENTS).filter(([key]) => Object.hasOwn(defaults, key));
  return consents.length === 0
    ? defaults
    : new Problem(...consents.map(([key, what]) => `must not hold "${key}": ${what} is a consent that each execution gives for itself.`));
};

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
  vpcId: matching(/^vpc-[0-9a-f]{8,17}$/, 'a VPC id'),
  subnetIds: notEmpty(fromText(list, listOf(matching(/^subnet-[0-9a-f]{8,17}$/, 'a list of subnet ids')))),
  clusterSecurityGroupId: matching(/^sg-[0-9a-f]{8,17}$/, "a security group's id"),
  planetscaleEgress: fromText(list, listOf(cidr)),
  preloadPglogical: fromText(json, boolean),
  subscriptionSslmode: oneOf('require', 'verify-full', 'prefer', 'disable'),
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
] as const satisfies (keyof MigrationConfig)[];
const homeOf = (arn: string): string => arn.split(':').slice(1, 5).join(':');

/** Secrets and keys elsewhere than the source's secret: a function asks its own account and region only. */
function strangers(values: Partial<MigrationConfig>): string[] {
  const { sourceSecretArn: source } = values;
  if (source === undefined) return [];
  const strange = ARNS.filter((key) => homeOf(values[key]?.replace(':kms:', ':secretsmanager:') ?? source) !== homeOf(source));
  return strange.map((key) => `${show(key)} is in another account or region than "sourceSecretArn"; put it beside the cluster.`);
}

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
  const all = [...missing, ...problems, ...strangers(values)];
  if (all.length > 0) throw new InvalidConfig(all);
  return { ...fallbacks(values), ...(values as Pick<MigrationConfig, Required>) };
}
