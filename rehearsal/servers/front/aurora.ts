/**
 * The proxy before the source, so that Aurora's master user has the rights that it has on Aurora, on every version: a member of rds_superuser
 * without an attribute of a superuser. RDS has changed its servers so that such a role may do what plain PostgreSQL asks an attribute for.
 * The few statements in which that shows are replaced here by what does the same on plain PostgreSQL, with the functions of
 * `aurora-roles.ts`; everything else is what plain PostgreSQL answers.
 */
import { literal } from '../../../lambdas/postgres/quote.ts';
import type { ServerVersion } from '../binaries.ts';
import type { Manner } from './front.ts';
import { type Message, type Refusal, statementIn, withStatement, withValues } from './wire.ts';

/** From here on plain PostgreSQL lets a role that may create in a database add trusted extensions. */
const EXTENSIONS_CAN_BE_TRUSTED = 13;
/** From here on plain PostgreSQL lets members of pg_create_subscription subscribe, and alters a role that replicates as any other. */
const RIGHTS_CAN_BE_GRANTED = 16;

const PASSES_ON_REPLICATION = /^\s*(?:grant\s+rds_replication\s+to|revoke\s+rds_replication\s+from)\s+("(?:[^"]|"")+"|\w+)\s*;?\s*$/i;
const ALTERS_ROLE = /^\s*alter\s+role\s+("(?:[^"]|"")+"|\w+)\s+(?!(?:in\s+database|set|reset)\s)/i;
const SUBSCRIBES = /^\s*create\s+subscription\s/i;
const MAKES_EXTENSION = /^[ \t]*create\s+extension\s[^;]*/gim;
const OWN_CONTEXT = 'PL/pgSQL function pg_temp_[0-9]+\\.planetscale_';
const QUOTE = '$rds$';

const nameOf = (written: string): string =>
  literal(written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written.toLowerCase());
const withoutEnd = (text: string): string => text.trim().replace(/;$/, '');

/**
 * On RDS membership in rds_replication lets a role replicate; plain PostgreSQL's walsender asks for the attribute. Whether the membership may
 * be granted is for the server to say; the attribute follows it.
 */
const followMembership = (text: string, grantee: string): string =>
  `do ${QUOTE} begin ${withoutEnd(text)}; call pg_catalog.rds_follow_membership(${nameOf(grantee)}); end ${QUOTE}`;

/**
 * On RDS a role that replicates is altered as any other, since it has no attribute; before version 16 plain PostgreSQL lets only superusers
 * alter one that has it. So it is without for as long as the statement takes, which the caller runs with its own rights.
 */
const withoutAttribute = (text: string, role: string): string =>
  `do ${QUOTE} begin call pg_catalog.rds_set_attribute_aside(${nameOf(role)}); ${withoutEnd(text)}; ` +
  `call pg_catalog.rds_follow_membership(${nameOf(role)}); end ${QUOTE}`;

/** On RDS members of rds_superuser subscribe on every version; plain PostgreSQL lets only superusers before 16. */
const subscribe = (command: string): string => `call pg_catalog.rds_create_subscription(current_user::text, ${QUOTE}${command}${QUOTE})`;

/**
 * An error from a function that is here in place of the server itself has that function in its context, where Aurora's has none, and a caller
 * that looks there for a user's code (`secret-connection.sql.ts`) would take it for that. So those functions are left out of the context.
 */
const overlookPlatform = (text: string): string =>
  text.replace(OWN_CONTEXT, OWN_CONTEXT.replace(/pg_temp.*/, '(rds_|pg_temp_[0-9]+\\.planetscale_)'));

/** On RDS members of rds_superuser add any extension that there is; plain PostgreSQL lets only superusers before 13. In a file of many, too. */
const makeExtensions = (text: string): string =>
  text.replace(MAKES_EXTENSION, (command) => `call pg_catalog.rds_create_extension(current_user::text, ${QUOTE}${command}${QUOTE})`);

function inPlaceOf(text: string, version: ServerVersion): string {
  const grantee = PASSES_ON_REPLICATION.exec(text)?.[1];
  if (grantee !== undefined) return followMembership(text, grantee);
  if (version >= RIGHTS_CAN_BE_GRANTED) return text;
  const altered = ALTERS_ROLE.exec(text)?.[1];
  if (altered !== undefined) return withoutAttribute(text, altered);
  if (SUBSCRIBES.test(text)) return subscribe(text);
  return overlookPlatform(version < EXTENSIONS_CAN_BE_TRUSTED ? makeExtensions(text) : text);
}

/** A statement with a secret in it may come as a value, to be put together and run inside of the server; so values are looked at, too. */
function replaced(message: Message, version: ServerVersion): Buffer {
  const text = statementIn(message);
  if (text === undefined) return withValues(message, (value) => inPlaceOf(value, version)) ?? message.bytes;
  const other = inPlaceOf(text, version);
  return other === text ? message.bytes : withStatement(message, other);
}

const unencrypted = (parameters: ReadonlyMap<string, string>): Refusal => ({
  code: '28000',
  message: `no pg_hba.conf entry for host "127.0.0.1", user "${parameters.get('user')}", database "${parameters.get('database')}", no encryption`,
});

export const auroraManner = (version: ServerVersion): Manner => ({
  // rds.force_ssl, on by default from 15 on: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
  admit: (parameters, encrypted) => (encrypted ? parameters : unencrypted(parameters)),
  listen: () => (message) => replaced(message, version),
});
