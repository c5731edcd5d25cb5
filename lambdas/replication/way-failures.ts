/** What a server says that cannot connect to another one: whether it may pass, and what to do. */
import { CannotConnect, type MigrationError, TransientError } from '../config/errors.ts';
import type { StreamName } from '../config/names.ts';
import type { Route } from '../ports/replication.ts';
import { SIDES_OF } from './history.ts';
import { NOT_ROUTED } from './subscribe.ts';

/** In place of words of a server, where it got no answer within our time. */
export const NO_ANSWER = 'no answer within the time limit';

/** A server, or PlanetScale's edge before one, that is away for the moment. */
const PASSES =
  /failed to connect to upstream|no primary available|connection retry timeout|the database system is|too many (?:clients|connections)|remaining connection slots|number of requested standby connections/;

/** Refusals that a restart or a new role explains, and that are tried again within the visit. */
export const IS_SOON_OVER =
  /Connection refused|Temporary failure in name resolution|server closed the connection|Connection reset|password authentication failed/;

type Remedy = string | Readonly<Record<StreamName, string>>;

/** In the words of libpq, of a server and of the edge; the first that fits counts. */
const REMEDIES: readonly (readonly [words: RegExp, remedy: Remedy])[] = [
  [
    /could not translate host name/,
    {
      forward: "PlanetScale's servers do not resolve that name: put one into the source secret that the public DNS knows",
      reverse:
        "The cluster's DNS does not resolve that name: deploy with one as reverseHost that it does, such as the public host of the branch",
    },
  ],
  [
    new RegExp(`${NO_ANSWER}|timeout expired|timed out|No route to host|Network is unreachable`),
    {
      forward:
        "Packets are dropped on the way: let PlanetScale's addresses in at that port (security groups, network ACLs), and see that the address is reached from the internet (access, in docs/deployment.md)",
      reverse:
        'Packets are dropped on the way: let the cluster out to that address (outbound rules of its security groups, network ACLs, the route of its subnets to the internet), or deploy with the right reverseHost and reversePort',
    },
  ],
  [
    /Connection refused/,
    {
      forward: 'Nothing listens at that address and port: correct host and port of the source secret, or see that the writer is up',
      reverse: 'Nothing listens at that address and port: correct the target secret, or reverseHost and reversePort',
    },
  ],
  [
    NOT_ROUTED,
    {
      forward: "The address of the source leads to PlanetScale's edge: correct the source secret",
      reverse: 'Write the user into the target secret as PlanetScale shows it, <role>.<branch id>',
    },
  ],
  [
    /channel binding/,
    {
      forward:
        'Something on the way ends TLS, or the source keeps passwords as md5: lead the target to the source itself (a load balancer has to pass TCP on as it is), and set password_encryption to scram-sha-256',
      reverse: 'Something on the way ends TLS that the functions do not meet: lead the source to the host that PlanetScale shows',
    },
  ],
  [
    /does not support SSL|SSL connection is required|no encryption|SSL off/,
    {
      forward: 'One of both does not take TLS: see that ssl is on at the source, and that subscriptionSslmode is require',
      reverse: 'One of both does not take TLS: see that reverseSslmode is require or verify-full, or is left out',
    },
  ],
  [
    /certificate|SSL error/,
    {
      forward:
        'The target verifies against the public authorities, which did not sign the certificate of RDS: deploy with subscriptionSslmode=require',
      reverse:
        "The source verifies against the authorities of its system (sslrootcert=system): where it has none, or the certificate has another name, deploy with reverseSslmode=require, or with the server's own name as reverseHost",
    },
  ],
  [
    /password authentication failed|not permitted to log in/,
    {
      forward:
        'The source takes this login from the functions, so another server answers the target: see where the name leads from the internet',
      reverse:
        'The target has that login, so another server answers the source, or its proxy does not know roles that are made by SQL: see where the name leads from the cluster',
    },
  ],
  [/no pg_hba\.conf entry/, "The server's pg_hba.conf lets no login in from that address: add one for it"],
  [
    /server closed the connection|Connection reset/,
    'Something answers and hangs up before the server does: a load balancer without a healthy target, or a firewall',
  ],
  [/replication role|WAL sender/, 'The role is not let replicate: see that nobody took REPLICATION, or rds_replication, from it'],
];

const remedyOf = (stream: StreamName, words: string): string => {
  const found = REMEDIES.find(([known]) => known.test(words))?.[1] ?? 'Remove the cause that is named';
  return typeof found === 'string' ? found : found[stream];
};

const UNCHANGED =
  'That was tried by a subscription that was rolled back: nothing was copied, nothing of it is left on either side, and the application is not affected.';

/** @param words of the server, without the password, which none of them quotes */
export function cannotConnect(
  stream: StreamName,
  { host, port, user }: Pick<Route, 'host' | 'port' | 'user'>,
  words: string,
): MigrationError {
  const { publisher, subscriber } = SIDES_OF[stream];
  const what = `The ${subscriber} cannot connect to the ${publisher} at ${host}:${port} as ${user}: ${words.replace(/\.$/, '')}. ${UNCHANGED}`;
  if (PASSES.test(words)) return new TransientError(`${what} It is tried again.`);
  const without = stream === 'reverse' ? ' Or start with {"reverse": false}, and switch with it, without a way back.' : '';
  return new CannotConnect(`${what} ${remedyOf(stream, words)}. Then start Replicate again; it continues where it stopped.${without}`);
}
