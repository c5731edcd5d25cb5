/**
 * PlanetScale's edge, the proxy before every branch: it terminates TLS with a certificate of its own, finds the branch by the user's name,
 * forwards the role without it, and has error messages of its own for rejected clients.
 *
 * Its messages and their codes: https://planetscale.com/docs/postgres/connecting/client-error-reference
 * A role is made without the branch and logs in with it: https://planetscale.com/docs/postgres/connecting/roles
 *
 * Whether it offers SCRAM with channel binding is not written anywhere, so it can do either. Without, the hop behind is unencrypted, on which
 * a server offers none. With, the hop behind is encrypted with the very certificate that the client sees, which is what it binds to.
 */
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import { CONNECTION_FAILURE, INVALID_AUTHORIZATION_SPECIFICATION } from '../../../lambdas/postgres/sqlstates.ts';
import { newCertificate, type ServerCertificate } from '../certificates.ts';
import type { Server } from '../server.ts';
import { Front } from './front.ts';
import type { Refusal } from './wire.ts';

export interface EdgeOptions {
  /** Id of the branch behind. @default - one that looks like theirs */
  readonly branch?: string;
  /** Whether SCRAM-SHA-256-PLUS is offered. @default false */
  readonly channelBinding?: boolean;
  /** @default - a new one of the authority of all servers; with channel binding the server's own */
  readonly certificate?: ServerCertificate;
}

const BRANCH = 'nk35mx55qq';
const invalidAuthorization = (message: string): Refusal => ({ code: INVALID_AUTHORIZATION_SPECIFICATION, message });
const connectionFailure = (message: string): Refusal => ({ code: CONNECTION_FAILURE, message });

export const SSL_REQUIRED = invalidAuthorization('SSL connection is required');
export const NO_BRANCH = invalidAuthorization('invalid user format: username must include branch (e.g., user.branch)');
export const unknownBranch = (branch: string): Refusal => invalidAuthorization(`branch ${branch} does not exist`);
export const NO_UPSTREAM = connectionFailure('failed to connect to upstream');
export const noPrimary = (branch: string): Refusal => connectionFailure(`no primary available for branch ${branch}`);
export const retryTimeout = (branch: string): Refusal =>
  connectionFailure(`connection retry timeout - branch ${branch} unavailable after 5s`);

/** The pg_hba.conf of a server that is reached by the edge alone, save for its superuser. */
export function hbaBehindEdge(superuser: string, { channelBinding = false }: EdgeOptions = {}): string {
  const both = (kind: string, user: string) =>
    ['all', 'replication'].map((database) => `${kind} ${database} ${user} 127.0.0.1/32 scram-sha-256\n`).join('');
  return both('hostssl', superuser) + both(channelBinding ? 'hostssl' : 'hostnossl', 'all');
}

export class Edge {
  readonly branch: string;
  readonly #front: Front;
  readonly #door: Door;

  private constructor(branch: string, front: Front, door: Door) {
    this.branch = branch;
    this.#front = front;
    this.#door = door;
  }

  /** Before this server, which lets it in as {@link hbaBehindEdge} says. It goes with the process, or with {@link destroy}. */
  static async start(server: Pick<Server, 'port' | 'certificate'>, options: EdgeOptions = {}): Promise<Edge> {
    const { branch = BRANCH, channelBinding = false } = options;
    const door: Door = { refusal: undefined, concerns: everyRole };
    const certificate = options.certificate ?? (channelBinding ? server.certificate : await newCertificate());
    const behind = {
      get port() {
        return server.port; // which a new server may not have yet
      },
      ...(channelBinding ? { verifiedBy: server.certificate.authority } : {}),
    };
    const front = await Front.start(behind, certificate, {
      admit(parameters, encrypted) {
        if (!encrypted) return SSL_REQUIRED;
        const [, role, named] = /^(.+)\.([^.]+)$/.exec(parameters.get('user') ?? '') ?? [];
        if (role === undefined || named === undefined) return NO_BRANCH;
        if (named !== branch) return unknownBranch(named);
        return (door.concerns(role) ? door.refusal : undefined) ?? new Map(parameters).set('user', role);
      },
      unreachable: NO_UPSTREAM,
    });
    return new Edge(branch, front, door);
  }

  get port(): number {
    return this.#front.port;
  }

  /** PEM of the authority that signed the certificate which clients see. */
  get authority(): string {
    return this.#front.certificate.authority;
  }

  /** The login of a role of the branch here. @param role without the branch */
  login(role: string, password: string, database: string): ConnectionSettings {
    const { branch, port, authority } = this;
    return { host: '127.0.0.1', port, database, user: `${role}.${branch}`, password, tls: { verify: 'full', authorities: authority } };
  }

  /**
   * Every login is refused until {@link open}; connected clients stay.
   * @param refusal the error that they receive
   * @param concerns by role; others may log in
   */
  shut(refusal: Refusal = noPrimary(this.branch), concerns: Door['concerns'] = everyRole): void {
    Object.assign(this.#door, { refusal, concerns });
  }

  open(): void {
    this.#door.refusal = undefined;
  }

  /** Ends every connection. New ones are accepted, unless {@link shut}. */
  endConnections(): void {
    this.#front.endConnections();
  }

  /** Ends every connection, and accepts no more. Safe to call twice. */
  destroy(): void {
    this.#front.destroy();
  }
}

/** The error for clients that log in; undefined while it is open. */
interface Door {
  refusal: Refusal | undefined;
  /** Roles that it applies to. */
  concerns(role: string): boolean;
}

const everyRole = (): boolean => true;
