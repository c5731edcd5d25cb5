/** Ports for streams between the sides: the replication login of either, and the routes between them. */
import type { SideName } from '../config/side-name.ts';

/** Where a password derived from the replication secret lets in: a side, or the target as the role of a copy in parts. */
export type LoginPlace = SideName | 'copy';

/** The login with which each side streams from the other. */
export interface ReplicationLogin {
  readonly user: string;
  /** The password for a side, by default the source, or that of the copy in parts. Each has one of its own. */
  password(place?: LoginPlace): Promise<string>;
  /** Source address as the target reaches it, and the TLS settings of the subscription's connection string. */
  readonly host: string;
  readonly port: number;
  /** libpq's sslmode; `require` unless the configuration explicitly weakens it. */
  readonly sslmode: Sslmode;
}

/** sslmode of libpq. */
export type Sslmode = 'require' | 'verify-full' | 'prefer' | 'disable';

/** The deployment's settings for the route from the source to the target, for the reverse stream. */
export interface WayBackSettings {
  /** Address of the target as the source reaches it. @default - the public host of the target's settings, or the one under which we reach it */
  readonly host?: string;
  readonly port?: number;
  /** @default - the strictest that both ends know */
  readonly sslmode?: Sslmode;
  /** Whether the source's system knows the authority by which we verify the target. @default - where that is a public one */
  readonly knowsAuthority?: boolean;
}

/** The address of a publisher as its subscriber reaches it, and the encryption. */
export interface Route {
  /** User name with which the replication role logs in. */
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly sslmode: Sslmode;
  /** Whether the publisher, or the proxy before it, offers SCRAM with channel binding. */
  readonly channelBinding: boolean;
}

/** The route of the reverse stream, before there is one. */
export interface WayBack {
  /**
   * From the source to the target.
   * @param libpq major version of the source, whose libpq it is
   */
  route(libpq: number): Promise<Route>;
}

/** The same login, which can also be tried. */
export interface ReplicationAccess extends ReplicationLogin {
  /**
   * Whether a side, by default the source, accepts this user with its password. Stored passwords can be read by superusers only, so a
   * login is tried.
   * @throws TransientError where the side cannot be reached
   */
  works(side?: SideName): Promise<boolean>;
  /**
   * The route from the other side to this publisher.
   * @param libpq major version of the subscriber
   */
  route(publisher: SideName, libpq: number): Promise<Route>;
}

/** The secret of which the passwords of {@link ReplicationLogin} are made. */
export interface ReplicationSecret {
  /** Whether the current password is the one that {@link renew} made for this execution. */
  isRenewedBy(execution: string): Promise<boolean>;
  /** Puts in a new password, generated; the one before stays AWSPREVIOUS. Once for each execution, however often it is called. */
  renew(execution: string): Promise<void>;
}
