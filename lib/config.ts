/**
 * Untrusted CDK context → trusted {@link MigrationConfig}. It has the addresses of the databases and the rights of the migration;
 * what is moved and when is the execution's input (`lambdas/config/input.ts`).
 */
import { type Parsers, parseEach, show } from '../lambdas/config/parsing.ts';
import { doubleRoles } from '../lambdas/config/secret-roles.ts';
import { type MigrationConfig, SETTING_ENTRIES } from './settings.ts';

export type { MigrationConfig } from './settings.ts';

const PARSERS = Object.fromEntries(SETTING_ENTRIES.map(([key, { parse }]) => [key, parse])) as Parsers<MigrationConfig>;

/** The settings without which nothing can be built, each with a value to show. */
const EXAMPLES = SETTING_ENTRIES.flatMap(([key, { example }]) => (example === undefined ? [] : [[key, example] as const]));

/** Defaults of the settings that were left out. */
const defaultsBeside = (values: Partial<MigrationConfig>): Partial<MigrationConfig> =>
  Object.fromEntries(
    SETTING_ENTRIES.filter(([, entry]) => 'default' in entry).map(([key, entry]) => [
      key,
      typeof entry.default === 'function' ? entry.default(values) : entry.default,
    ]),
  );

/** Faults of the settings. The message is for the operator at a terminal: all problems, and a command to copy. */
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
        ['  npx cdk synth', ...EXAMPLES.map(([key, value]) => `    -c ${key}=${value}`)].join(' \\\n'),
        '',
      ].join('\n'),
    );
    this.problems = problems;
  }
}

/** Keys of the CDK itself: feature flags, `aws:cdk:…`, and lookups in cdk.context.json. Ours have neither character. */
const isOfTheCdk = (key: string): boolean => key.startsWith('@') || key.includes(':');

const ARNS = SETTING_ENTRIES.filter(([, { besideSource }]) => besideSource).map(([key]) => key);
/** Partition, region and account. */
const homeOf = (arn: string): string => [1, 3, 4].map((part) => arn.split(':')[part]).join(':');

/** ARNs of another account or region than the source's secret: a function calls its own account and region only. */
function strangers(values: Partial<MigrationConfig>): string[] {
  const { sourceSecretArn: source } = values;
  if (source === undefined) return [];
  const strange = ARNS.filter((key) => homeOf(String(values[key] ?? source)) !== homeOf(source));
  return strange.map((key) => `${show(key)} is in another account or region than "sourceSecretArn"; put it beside the cluster.`);
}

/** One secret in two roles. */
function doubled(values: Partial<MigrationConfig>): string[] {
  const { sourceSecretArn, targetSecretArn, applicationSecretArn, applicationTargetSecretArn, planetscaleTokenSecretArn } = values;
  const roles = {
    source: sourceSecretArn,
    target: targetSecretArn,
    application: applicationSecretArn,
    applicationTarget: applicationTargetSecretArn,
    planetscaleToken: planetscaleTokenSecretArn,
  };
  return doubleRoles(Object.fromEntries(Object.entries(roles).flatMap(([role, arn]) => (arn === undefined ? [] : [[role, [arn]]]))));
}

/** Settings that depend on another one, which is not given. */
const alone = (given: Readonly<Record<string, unknown>>): string[] =>
  SETTING_ENTRIES.flatMap(([key, { companion }]) =>
    companion !== undefined && Object.hasOwn(given, key) && !Object.hasOwn(given, companion)
      ? [`${show(key)} means nothing without ${show(companion)}; give both, or neither.`]
      : [],
  );

/** A token without all that says where to use it. */
const incomplete = (given: Readonly<Record<string, unknown>>): string[] =>
  Object.hasOwn(given, 'planetscaleTokenSecretArn') && !Object.hasOwn(given, 'planetscaleDatabase')
    ? ['"planetscaleTokenSecretArn" means nothing without "planetscaleDatabase"; give both, or neither.']
    : [];

/** Settings that contradict each other about the allowed addresses. */
const contradictions = ({ allowAnyAddress, planetscaleEgress = [] }: Partial<MigrationConfig>): string[] =>
  allowAnyAddress === true && planetscaleEgress.length > 0
    ? ['"allowAnyAddress" lets every address in, so "planetscaleEgress" means nothing beside it; give one of the two.']
    : [];

/** Settings that contradict the way by which PlanetScale reaches the cluster. */
function astray(values: Partial<MigrationConfig>): string[] {
  const { access: given, publicAccess, publicSubnetIds = [], subnetIds = [], allowAnyAddress, planetscaleEgress = [] } = values;
  const former = publicAccess === undefined ? undefined : publicAccess ? 'public' : 'own';
  const access = given ?? former;
  const both = publicSubnetIds.filter((id) => subnetIds.includes(id));
  const opens = [
    ...(allowAnyAddress === true ? ['"allowAnyAddress"'] : []),
    ...(planetscaleEgress.length > 0 ? ['"planetscaleEgress"'] : []),
  ];
  const behind = access === 'load-balancer';
  return [
    ...(given !== undefined && former !== undefined && given !== former
      ? [`"access" is ${show(given)}, but "publicAccess" is ${publicAccess}, which means ${show(former)}; leave "publicAccess" out.`]
      : []),
    ...(access === 'own' ? opens.map((one) => `With "access" "own" nothing is opened, so ${one} means nothing; leave it out.`) : []),
    ...(behind && publicSubnetIds.length === 0
      ? ['With "access" "load-balancer" the load balancer needs "publicSubnetIds": public subnets of the VPC.']
      : []),
    ...(behind || publicSubnetIds.length === 0 ? [] : ['"publicSubnetIds" means nothing without "access" "load-balancer".']),
    ...(both.length > 0
      ? [
          `${both.join(', ')} cannot be in "subnetIds" and in "publicSubnetIds": the functions need a NAT gateway, the load balancer an internet gateway.`,
        ]
      : []),
    ...(behind && values.subscriptionSslmode === 'verify-full'
      ? [
          '"subscriptionSslmode" cannot be "verify-full" with "access" "load-balancer": the certificate names the cluster, but PlanetScale connects to the name of the load balancer.',
        ]
      : []),
  ];
}

/**
 * @param context all of the app's context; empty texts count as not given, so that a template of settings may be filled in piece by piece
 * @throws InvalidConfig listing every problem at once: missing settings, refused values, unknown keys
 */
export function parseConfig(context: Readonly<Record<string, unknown>>): MigrationConfig {
  const given = Object.fromEntries(Object.entries(context).filter(([key, value]) => !isOfTheCdk(key) && value !== ''));
  const { values, problems } = parseEach(PARSERS, given);
  const missing = EXAMPLES.filter(([key]) => !Object.hasOwn(given, key)).map(
    ([key, example]) => `${show(key)} is missing. Example: ${example}`,
  );
  const all = [
    ...missing,
    ...problems,
    ...strangers(values),
    ...doubled(values),
    ...alone(given),
    ...incomplete(given),
    ...contradictions(values),
    ...astray(values),
  ];
  if (all.length > 0) throw new InvalidConfig(all);
  return { ...defaultsBeside(values), ...values } as MigrationConfig;
}
