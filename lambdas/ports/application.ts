/** The application in a switch: its secret, a hook function of the user's, and the defaults where neither is configured. */
import { InvalidConfiguration } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';

/** Why a secret must not be changed by a switch, though it can be read. */
export interface SecretObstacle {
  /** Stable name, such as `ApplicationSecretRotates`. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The secret from which the application reads its connection, where one is configured. */
export interface ApplicationView {
  /** Name or ARN of the secret; undefined where none is configured, so that the operator has to change the application's connection. */
  readonly secret: string | undefined;
  /**
   * Which side the secret's current value leads to; `elsewhere` where it is neither.
   * @throws InvalidConfiguration where the secret is not of a known form
   */
  pointsAt(): Promise<SideName | 'elsewhere' | undefined>;
  /** Why another writer would change it as well, or why it must not be written; empty where a switch may write it. */
  obstacles(): Promise<readonly SecretObstacle[]>;
  /**
   * Users with which the application logs in by the secret's current value: one, or two where a URL and the fields beside it differ.
   * @throws InvalidConfiguration where the secret is not of a known form
   */
  currentUsers(): Promise<readonly string[]>;
  /**
   * Users with which the application logs in to the source: of the secret's value while it leads there, afterwards of the one that was kept; none
   * where neither is there.
   * @throws InvalidConfiguration where the secret is not of a known form
   */
  sourceUsers(): Promise<readonly string[]>;
  /** User of the application's login on the target; undefined where no secret is configured. */
  targetUser(): Promise<string | undefined>;
  /** The login on the target that the migration makes; undefined where one is given, or where no secret is configured. */
  readonly makesLogin: { readonly role: string | undefined } | undefined;
}

/**
 * Finds the user of the application's login on the target that the migration has made; undefined where it has made none.
 * @param users see {@link ApplicationView.currentUsers}, of a value that leads to the source
 */
export type FindMadeUser = (users: readonly string[]) => Promise<string | undefined>;

/** What binds the application: where the migration makes its login, only the target knows for which role. */
export interface ApplicationBinding extends Application {
  /** The same secret, once the target can be asked. @default - no login is made, and there is nothing to ask */
  readonly asking?: ((find: FindMadeUser) => Application) | undefined;
}

/** The password of the login that the migration makes; see {@link ApplicationView.makesLogin}. */
export interface MadeLogin {
  /** @throws InvalidConfiguration where the stack makes no login */
  password(): Promise<string>;
}

/** The same login, which can also be tried. */
export interface MadeLoginAccess extends MadeLogin {
  /**
   * Whether the target accepts this role with the password. Stored passwords can be read by superusers only, so a login is tried.
   * @param role by the name that the server knows
   * @throws TransientError where the target cannot be reached
   */
  works(role: string): Promise<boolean>;
}

/** The secret's value from before the first switch, which is kept. */
export interface ApplicationOriginal {
  /** Whether {@link Application.keepOriginal} has kept a value. */
  isKept(): Promise<boolean>;
  /** Removes the label by which {@link Application.keepOriginal} kept a value. */
  forgetOriginal(): Promise<void>;
}

/**
 * The same secret, which may be changed. Every call may be repeated, and does nothing where no secret is configured.
 * @throws InvalidConfiguration from the two calls that write, and before they do, while there are {@link ApplicationView.obstacles}
 */
export interface Application extends ApplicationView, ApplicationOriginal {
  /** Labels the latest value that led to the source, so that it is kept however often the secret changes from then on. */
  keepOriginal(): Promise<void>;
  /** Puts a new value; the one before stays AWSPREVIOUS. For the source it is exactly the value that {@link keepOriginal} kept. */
  pointAt(side: SideName): Promise<void>;
}

/** Moments of a switch at which the hook is called: before the commit, after completion, after an abort that followed `before`. */
export type Moment = 'before' | 'after' | 'failed';

/** A function of the user's that is called around a switch; nothing happens where none is configured. */
export interface Hook {
  readonly configured: boolean;
  /**
   * `before` is called when nothing is committed yet, and its failure aborts the switch; `failed` follows a `before` whose switch was
   * aborted, `after` one that was completed. Each is called until it succeeds, so it may be called twice.
   * @throws InvalidConfiguration where the function fails, or gives no answer in time
   * @throws TransientError where it cannot be called for the moment
   */
  call(moment: Moment, to: SideName, execution: string): Promise<void>;
}

/** Staging label, beside AWSCURRENT and AWSPREVIOUS, of the version that led to the source: a version with a label is never deleted. */
export const ORIGINAL_LABEL = 'planetscale-migration-source';

export const noApplication: Application = {
  secret: undefined,
  pointsAt: async () => undefined,
  obstacles: async () => [],
  currentUsers: async () => [],
  sourceUsers: async () => [],
  targetUser: async () => undefined,
  makesLogin: undefined,
  keepOriginal: async () => {},
  pointAt: async () => {},
  isKept: async () => false,
  forgetOriginal: async () => {},
};

export const noMadeLogin: MadeLogin = {
  async password() {
    throw new InvalidConfiguration('The stack makes no login of the application. Nothing was touched; deploy the stack again.');
  },
};

export const noHook: Hook = { configured: false, call: async () => {} };
