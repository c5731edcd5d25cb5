import { createHash } from 'node:crypto';

/** The one prefix of everything that we make in a database. `Cleanup` removes all that carries it. */
export const PREFIX = 'planetscale_migration';

export const PUBLICATION = PREFIX;
/** Lists, while the subscription is made, the tables that need no copy; publishes nothing. */
export const EMPTY_PUBLICATION = `${PREFIX}_empty`;
export const REPLICATION_ROLE = `${PREFIX}_replication`;
/** Schema on both sides for our own tables. */
export const SCHEMA = PREFIX;
/** Numbered markers, published with the user's tables. */
export const HEARTBEAT = 'heartbeat';

const LONGEST_IDENTIFIER = 63;

/** `forward` from the source to the target, `reverse` back. */
export type StreamName = 'forward' | 'reverse';

/**
 * Name of the subscription and of its slot; both streams are named by the source's database. Slots are cluster-wide, allow only `[a-z0-9_]` and 63 bytes
 * (https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-SLOTS-MANIPULATION), so a database name that
 * does not fit is folded and gets a hash, which keeps two such names apart.
 */
export function subscriptionName(database: string, stream: StreamName = 'forward'): string {
  return forDatabase(stream === 'forward' ? PREFIX : `${PREFIX}_${stream}`, database);
}

/** The login of a trial. Roles belong to all databases of a server, so each migration has one of its own. @param database of the target */
export const trialRole = (database: string): string => forDatabase(`${PREFIX}_trial`, database);

/** The login of a copy in parts at the target. @param database of the target */
export const copyRole = (database: string): string => forDatabase(`${PREFIX}_copy`, database);

function forDatabase(prefix: string, database: string): string {
  const plain = `${prefix}_${database}`;
  if (/^[a-z0-9_]+$/.test(database) && plain.length <= LONGEST_IDENTIFIER) return plain;
  const hash = createHash('sha256').update(database).digest('hex').slice(0, 10);
  const folded = database.toLowerCase().replace(/[^a-z0-9_]/g, '_');
  return `${`${prefix}_${folded}`.slice(0, LONGEST_IDENTIFIER - hash.length - 1)}_${hash}`;
}

/**
 * The application_name of our connections. PostgreSQL keeps 63 bytes of printable ASCII, and writes the rest in ways that differ between
 * versions (https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-APPLICATION-NAME), so other characters are removed
 * here, and a later visit finds the name that it looks for.
 */
export function applicationName(step: string, tag?: string): string {
  const name = [PREFIX, step, ...(tag === undefined ? [] : [tag])].join(':');
  return name.replace(/[^ -~]/gu, '?').slice(0, LONGEST_IDENTIFIER);
}

/** Suffix of groups that the cluster has between ConfigureSource and Cleanup. With the stack's name, every function knows them beforehand. */
const UNTIL_CLEANUP = 'until-cleanup';

/** RDS keeps names of groups in lower case, and takes no two hyphens in a row. */
const groupName = (text: string): string => text.toLowerCase().replace(/-+/g, '-');

/** @param family such as aurora-postgresql15 */
export const parameterGroupOf = (stack: string, family: string): string => groupName(`${stack}-${UNTIL_CLEANUP}-${family}`);

/** Whether a stack of this name made it, for any engine version. */
export const isParameterGroupOf = (stack: string, name: string): boolean => name.startsWith(parameterGroupOf(stack, 'aurora-postgresql'));

/** Of the security group for PlanetScale's addresses. */
export const securityGroupOf = (stack: string): string => `${stack}-${UNTIL_CLEANUP}`;

/** Of the security group of the load balancer. Another name than that of {@link securityGroupOf}, so that a deployment may change from one to the other. */
export const entranceGroupOf = (stack: string): string => `${stack}-entrance`;

/** Tag of either group whose value is the name of its stack: IAM lets the functions change the rules of no other. */
export const STACK_TAG = 'planetscale-migration:stack';
/** Description of the rules that are made at run time. Those without it are the stack's own, or the user's, and are not touched. */
export const ruleDescriptionOf = (stack: string): string => `PlanetScale, let in by the migration ${stack} until Cleanup`;
