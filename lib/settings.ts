/**
 * The settings of a deployment, one entry each: types, defaults, refusals and `docs/settings.md` follow from it. What is moved and when is the
 * execution's input (`lambdas/config/input-keys.ts`).
 */
import { boolean, databaseName, listOf, matching, oneOf, type Parse, wholeNumber } from '../lambdas/config/parsing.ts';
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
  roleName,
  secretArn,
} from './setting-values.ts';

/** Common properties of the settings. */
export interface Setting<Value> {
  /** The value as `-c` or cdk.json gives it → the trusted one, or why it is refused. */
  readonly parse: Parse<Value>;
  /** Meaning of the setting, with its units; Markdown on one line. */
  readonly says: string;
  /** Behaviour without it, where that is no plain value. */
  readonly otherwise?: string;
  /** The setting without which this one means nothing. */
  readonly companion?: string;
  /** Whether it is an ARN that has to be of the account and region of the source's secret, the only ones that a function calls. */
  readonly besideSource?: true;
}
/** One without which nothing can be built. */
interface Required<Value> extends Setting<Value> {
  /** A value to show in the command to copy. */
  readonly example: string;
}
/** One that has a value in any case. */
interface Defaulted<Value> extends Setting<Value> {
  readonly default: Value | ((given: { readonly clusterIdentifier?: string; readonly publicAccess?: boolean }) => Value);
}
/** One that may stay undefined. */
interface Optional<Value> extends Setting<Value> {
  readonly otherwise: string;
}

const required = <Value>(setting: Required<Value>): Required<Value> => setting;
const defaulted = <Value>(setting: Defaulted<NoInfer<Value>> & { readonly parse: Parse<Value> }): Defaulted<Value> => setting;
const optional = <Value>(setting: Optional<Value>): Optional<Value> => setting;

/** A name in the addresses of PlanetScale's API. */
const slug = (what: string) => matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, `the name of ${what}, as in its address`);
const port = fromText(json, wholeNumber(1, 65_535));
const flag = fromText(json, boolean);
const subnets = notEmpty(fromText(list, listOf(matching(/^subnet-[0-9a-f]{8,17}$/, 'a list of subnet ids'))));
const sslmode = oneOf('require', 'verify-full', 'prefer', 'disable') satisfies Parse<Sslmode>;
/** The key of a secret. */
const keyOf = (secret: string, companion?: string) =>
  optional({
    parse: keyArn,
    says: `KMS key of ${secret}.`,
    otherwise: "the account's own key for secrets, which needs no rights",
    ...(companion === undefined ? {} : { companion }),
    besideSource: true,
  });

export const SETTINGS = {
  stackName: defaulted({
    parse: matching(/^[A-Za-z][A-Za-z0-9-]{0,59}$/, 'a stack name of at most 60 letters, digits and hyphens, a letter first'),
    default: 'AuroraToPlanetScale',
    says: "Name of the stack, and the beginning of its machines' names. One stack moves one database.",
  }),
  clusterIdentifier: required({
    parse: clusterIdentifier,
    example: 'shop-production',
    says: 'DBClusterIdentifier of the Aurora cluster.',
  }),
  clusterInstances: defaulted({
    parse: notEmpty(
      fromText(list, listOf(matching(/^[A-Za-z][A-Za-z0-9-]{0,62}\*?$/, 'a list of instance identifiers, an asterisk only at an end'))),
    ),
    default: ({ clusterIdentifier: cluster = '' }) => [`${cluster}*`],
    otherwise: "those that begin with the cluster's name",
    says: 'DBInstanceIdentifiers that may be changed and rebooted; an asterisk at the end stands for any ending.',
  }),
  clusterPort: defaulted({ parse: port, default: 5432, says: 'Port of the cluster.' }),
  engineVersion: required({
    parse: (value) => engineVersion(typeof value === 'number' ? String(value) : value),
    example: '15.4',
    says: 'Engine version such as 15.4, from which the family of the parameter group follows.',
  }),
  database: required({ parse: databaseName, example: 'shop', says: 'Name of the database to move.' }),
  sourceSecretArn: required({
    parse: secretArn,
    example: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-production-AbC123',
    says: "Secret with the login of the cluster's master user, and the account and region of the whole stack.",
  }),
  sourceSecretKeyArn: keyOf("the source's secret"),
  targetSecretArn: optional({
    parse: secretArn,
    says: 'Secret with the login of the target.',
    otherwise: 'the stack makes an empty one, to be filled in',
    besideSource: true,
  }),
  targetSecretKeyArn: keyOf("the target's secret"),
  applicationSecretArn: optional({
    parse: secretArn,
    says: 'Secret from which the application reads its connection, which a switch changes: `{"host", "port", "username", "password", "dbname"}`, `{"url"}` or a bare URL; every other key is kept. It must not rotate meanwhile.',
    otherwise: "the operator changes the application's connection",
    besideSource: true,
  }),
  applicationSecretKeyArn: keyOf("the application's secret", 'applicationSecretArn'),
  applicationTargetSecretArn: optional({
    parse: secretArn,
    says: 'Secret with the login that the application gets at the target, of the same forms as the target secret.',
    otherwise: "the migration gives the application's role a login, with a password that the stack generates",
    companion: 'applicationSecretArn',
    besideSource: true,
  }),
  applicationTargetSecretKeyArn: keyOf("the secret with the application's login at the target", 'applicationTargetSecretArn'),
  applicationRole: optional({
    parse: roleName,
    says: 'Role that is made at the target for an application whose user has no role of its own there: where it logs in as the master user or as a superuser, or where everything is flattened. It gets the rights that the user has at the source, but no membership.',
    otherwise: 'such an application gets the login of the target secret',
    companion: 'applicationSecretArn',
  }),
  applicationSourceHosts: defaulted({
    parse: fromText(list, listOf(hostWithPort)),
    default: [],
    says: 'Names under which the application reaches the source beside those that RDS gives it (a CNAME, a pooler of your own), each a host or `host:port`. Whatever they lead to must be the same database.',
    companion: 'applicationSecretArn',
  }),
  switchHookArn: optional({
    parse: functionArn,
    says: 'ARN of a function of your own, with or without an alias, that is called around every switch with `{"moment": "before" | "after" | "failed", "to": "source" | "target", "execution": "…"}`. It has 10 seconds; where it fails before a switch, nothing is switched. `failed` follows a `before` whose switch was taken back. It may be called twice.',
    otherwise: 'none',
    besideSource: true,
  }),
  planetscaleOrganization: optional({
    parse: slug('an organization'),
    says: 'Organization at PlanetScale, as in the address of its pages.',
    otherwise: 'nothing is done at PlanetScale but by SQL',
    companion: 'planetscaleTokenSecretArn',
  }),
  planetscaleDatabase: optional({
    parse: slug('a database'),
    says: 'Database at PlanetScale, as in the address of its pages; PostgreSQL has names of its own.',
    otherwise: 'none',
    companion: 'planetscaleTokenSecretArn',
  }),
  planetscaleBranch: optional({
    parse: slug('a branch'),
    says: 'Branch of that database.',
    otherwise: "the database's default branch",
    companion: 'planetscaleTokenSecretArn',
  }),
  planetscaleTokenSecretArn: optional({
    parse: secretArn,
    says: 'Secret with a service token of PlanetScale, `{"id": "…", "token": "…"}`, with which the migration makes its role there, sets parameters, grows the disk, and lets the outgoing addresses in. Its tags are the journal of what was changed.',
    otherwise: 'Preflight says what a person has to do there',
    companion: 'planetscaleOrganization',
    besideSource: true,
  }),
  planetscaleTokenSecretKeyArn: keyOf("the token's secret", 'planetscaleTokenSecretArn'),
  targetHost: defaulted({
    parse: oneOf('public', 'private'),
    default: 'public',
    says: "Which of PlanetScale's hosts is put into a target secret that the migration fills in: `private` where the functions reach it by PrivateLink. The source reaches the public one, or `reverseHost`.",
    companion: 'planetscaleTokenSecretArn',
  }),
  vpcId: required({ parse: matching(/^vpc-[0-9a-f]{8,17}$/, 'a VPC id'), example: 'vpc-0123456789abcdef0', says: 'VPC of the cluster.' }),
  subnetIds: required({
    parse: subnets,
    example: 'subnet-0123456789abcdef0,subnet-0fedcba9876543210',
    says: 'Subnets of the functions; they must lead to the cluster, and through a NAT gateway to the internet.',
  }),
  clusterSecurityGroupId: required({
    parse: matching(/^sg-[0-9a-f]{8,17}$/, "a security group's id"),
    example: 'sg-0123456789abcdef0',
    says: 'Security group of the cluster, which gets a rule that lets the functions in.',
  }),
  access: defaulted({
    parse: oneOf('public', 'load-balancer', 'own'),
    default: ({ publicAccess }) => (publicAccess === false ? 'own' : 'public'),
    otherwise: '`public`',
    says: 'How PlanetScale reaches the cluster: `public` makes the writer, and every instance that a failover may make the writer, publicly accessible, as the guide asks; with `load-balancer` nothing of the cluster becomes public, and a load balancer of the stack leads to it; with `own` nothing is opened, and PlanetScale takes a way of yours.',
  }),
  publicSubnetIds: optional({
    parse: subnets,
    says: "Subnets of the load balancer: public ones of the cluster's VPC, best one in each availability zone of the cluster. Only with `access` `load-balancer`, which needs it.",
    otherwise: 'none',
  }),
  publicAccess: optional({
    parse: flag,
    says: 'What `access` was called before: `true` is `public`, `false` is `own`.',
    otherwise: 'as `access` says',
  }),
  planetscaleEgress: defaulted({
    parse: fromText(list, listOf(cidr)),
    default: [],
    says: "Addresses from which the PlanetScale database connects, in CIDR notation. With a token those of the database's region are let in without being named here.",
  }),
  allowAnyAddress: defaulted({
    parse: flag,
    default: false,
    says: "Whether every address of the internet may reach the cluster's port, or that of the load balancer, in place of `planetscaleEgress`.",
  }),
  preloadPglogical: defaulted({ parse: flag, default: true, says: 'Whether pglogical is preloaded, as the guide asks.' }),
  subscriptionSslmode: defaulted({
    parse: sslmode,
    default: 'require',
    says: "libpq's sslmode for the target's connection to the source; anything below `require` gives up encryption.",
  }),
  reverseSslmode: optional({
    parse: sslmode,
    says: "libpq's sslmode for the source's connection to the target, the stream back.",
    otherwise:
      "`verify-full` against the authorities of the source's system where it is version 16 or newer, else `require`; with channel binding where the target offers it",
  }),
  reverseHost: optional({
    parse: matching(/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/, 'a host name or an address'),
    says: 'Host under which the source reaches the target for the stream back.',
    otherwise: 'that of the target secret',
  }),
  reversePort: optional({
    parse: port,
    says: 'Port under which the source reaches the target for the stream back.',
    otherwise: 'that of the target secret',
  }),
  notificationEmail: optional({
    parse: matching(/^(?=.{3,254}$)[A-Za-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, 'an e-mail address'),
    says: 'Address that is told of alarms and results.',
    otherwise: 'none',
  }),
  reportDays: defaulted({
    parse: fromText(json, wholeNumber(1, 3_650)),
    default: 90,
    says: 'Days for which reports are kept after they were written.',
  }),
  keepReports: defaulted({
    parse: flag,
    default: true,
    says: 'Whether reports stay, with their bucket, when the stack is destroyed; `false`: they go with it.',
  }),
  inputDefaults: defaulted({
    parse: fromText(json, inputDefaults),
    default: {},
    says: 'Defaults of the [execution input](input.md), in its own form. What needs consent is not among them: each execution gives its own.',
  }),
} as const;

type Settings = typeof SETTINGS;
type Key = keyof Settings;
type ValueOf<Name extends Key> = Settings[Name] extends Setting<infer Value> ? Value : never;
type OptionalKey = { [Name in Key]: Settings[Name] extends { example: string } | { default: unknown } ? never : Name }[Key];

/** The trusted settings of a deployment. What a setting means stands in its entry. @see SETTINGS */
export type MigrationConfig = { readonly [Name in Exclude<Key, OptionalKey>]: ValueOf<Name> } & {
  readonly [Name in OptionalKey]?: ValueOf<Name>;
};

/** The entries without the types of their values, for code that treats all alike. */
export const SETTING_ENTRIES = Object.entries(SETTINGS) as unknown as readonly [
  keyof MigrationConfig,
  Setting<unknown> & Partial<Pick<Required<unknown>, 'example'> & Pick<Defaulted<unknown>, 'default'>>,
][];
