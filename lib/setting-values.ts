/** Parsers of single settings, each with its reason for a refusal. */
import { isIPv4 } from 'node:net';
import { InvalidInput } from '../lambdas/config/errors.ts';
import { INPUT_ENTRIES, parseInput } from '../lambdas/config/input.ts';
import type { Json } from '../lambdas/config/json.ts';
import { databaseName, matching, type Parse, Problem, show } from '../lambdas/config/parsing.ts';

const OLDEST_SOURCE = 11;
const NEWEST_SOURCE = 18;
/** PlanetScale lists single addresses; a network of more than 256 is a mistake, and two halves of the internet are the whole of it. */
const SHORTEST_PREFIX = 24;

/** Values given with `-c` are texts. Other values, as from cdk.json, pass unchanged. */
export const fromText =
  <Value>(read: (text: string) => unknown, parse: Parse<Value>): Parse<Value> =>
  (value) =>
    parse(typeof value === 'string' ? read(value.trim()) : value);

export const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text; // the parser of the setting refuses the text
  }
};
export const list = (text: string): unknown => (text.startsWith('[') ? json(text) : text.split(',').map((item) => item.trim()));

const arnOf = (service: string, resource: string, form: string): Parse<string> =>
  matching(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:[0-9]{12}:${resource}$`), form);
export const secretArn = arnOf(
  'secretsmanager',
  'secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}',
  "a secret's complete ARN, six random characters included",
);
export const keyArn = arnOf('kms', 'key/[A-Za-z0-9-]+', "a KMS key's ARN");
export const functionArn = arnOf('lambda', 'function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?', "a Lambda function's ARN");

export const clusterIdentifier: Parse<string> = (value) => {
  const parsed = matching(/^[A-Za-z](?!.*--)[A-Za-z0-9-]{0,61}[A-Za-z0-9]$/, 'an RDS identifier (letters, digits, single hyphens)')(value);
  return typeof parsed === 'string' ? parsed.toLowerCase() : parsed; // as RDS keeps it, and as ARNs spell it
};

export const engineVersion: Parse<string> = (value) => {
  const parsed = matching(/^[0-9]{1,2}(\.[0-9]{1,3})?$/, 'an engine version such as 15.4')(value);
  if (parsed instanceof Problem) return parsed;
  const major = majorVersion(parsed);
  return major >= OLDEST_SOURCE && major <= NEWEST_SOURCE
    ? parsed
    : new Problem(`is ${show(value)}, but sources from ${OLDEST_SOURCE} to ${NEWEST_SOURCE} can be moved; upgrade the cluster first.`);
};

/** 15 of `15.4`. */
export const majorVersion = (version: string): number => Number(version.split('.')[0]);

/** An address or a small net; an address alone becomes a net of one. */
export const cidr: Parse<string> = (value) => {
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

/** Words that stand for no role, and names of roles that are the server's, the platform's or the migration's. */
const NOT_TO_MAKE = /^(public|none|postgres|pg_.*|pscale_.*|planetscale_migration.*|rds.*|aws.*)$/s;

/** The name of a role that is to be made, exactly as the catalog will have it, without quoting. */
export const roleName: Parse<string> = (value) => {
  const name = databaseName(value);
  return typeof name === 'string' && NOT_TO_MAKE.test(name)
    ? new Problem(`names ${show(value)}, which is kept for the server, the platform or the migration; choose another name.`)
    : name;
};

/** A host name or an IPv4 address, with or without a port behind it. */
export const hostWithPort: Parse<string> = (value) => {
  const [, host, port = '5432'] =
    (typeof value === 'string' ? /^([A-Za-z0-9][A-Za-z0-9.-]{0,252})(?::([1-9][0-9]{0,4}))?$/.exec(value) : null) ?? [];
  return host !== undefined && Number(port) <= 65_535
    ? (value as string)
    : new Problem(`holds ${show(value)}, which is not a host name, with or without a port such as :6432.`);
};

export const notEmpty =
  <Value>(parse: Parse<readonly Value[]>): Parse<readonly Value[]> =>
  (value) => {
    const parsed = parse(value);
    return !(parsed instanceof Problem) && parsed.length === 0 ? new Problem('must not be empty.') : parsed;
  };

/** Keys of the input that no deployment may set for all executions to come, and what each would consent to. */
const CONSENTS = INPUT_ENTRIES.flatMap(([key, { consent }]) => (consent === undefined ? [] : [[key, consent] as const]));

/** Defaults of the input, in its own form. */
export const inputDefaults: Parse<Readonly<Record<string, Json>>> = (value) => {
  try {
    parseInput(value);
  } catch (error) {
    if (error instanceof InvalidInput)
      return new Problem(...error.problems.map((problem) => `holds a default that is refused: ${problem}`));
    throw error;
  }
  const defaults = value as Record<string, Json>;
  const consents = CONSENTS.filter(([key]) => Object.hasOwn(defaults, key));
  return consents.length === 0
    ? defaults
    : new Problem(...consents.map(([key, what]) => `must not hold "${key}": ${what} is a consent that each execution gives for itself.`));
};
