/** The application, as far as a switch concerns it: its secret, a function of the user's, and what stands in where neither is configured. */
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
  /** Name or ARN of the secret; undefined where none is configured, so that a person has to change the application's connection. */
  readonly secret: string | undefined;
  /**
   * Which side the secret's current value leads to; `elsewhere` where it is neither.
   * @throws InvalidConfiguration where the secret is not of a known form
   */
  pointsAt(): Promise<SideName | 'elsewhere' | undefined>;
  /** Why somebody else would write into it as well, or why nobody may; empty where nothing stands in the way of a switch. */
  obstacles(): Promise<readonly SecretObstacle[]>;
  /**
   * Who the application logs in as by the secret's current value: one user, or two where a URL and the fields beside it differ.
   * @throws InvalidConfiguration where the secret is not of a known form
   */
  currentUsers(): Promise<readonly string[]>;
  /** Who the application is to log in as at the target; undefined where no secret is configured. */
  targetUser(): Promise<string | undefined>;
}

/** What is kept of the secret's value from before the first switch. */
export interface ApplicationOriginal {
  /** Whether {@link Application.keepOriginal} keeps hold of a value. */
  isKept(): Promise<boolean>;
  /** Lets go of what {@link Application.keepOriginal} kept. */
  forgetOriginal(): Promise<void>;
}

/**
 * The same secret, which may be changed. Every call may be repeated, and does nothing where no secret is configured.
 * @throws InvalidConfiguration from the two calls that write, and before they do, while there are {@link ApplicationView.obstacles}
 */
export interface Application extends ApplicationView, ApplicationOriginal {
  /** Keeps hold of the latest value that led to the source, however often the secret changes from then on. */
  keepOriginal(): Promise<void>;
  /** Puts a new value; the one before stays AWSPREVIOUS. For the source it is the value that {@link keepOriginal} kept, letter by letter. */
  pointAt(side: SideName): Promise<void>;
}

/** What a function of the user's is told of a switch: about to be committed, carried to its end, taken back after `before`. */
export type Moment = 'before' | 'after' | 'failed';

/** A function of the user's that is called around a switch; nothing happens where none is configured. */
export interface Hook {
  readonly configured: boolean;
  /**
   * `before` is asked when nothing is committed yet, and a failure takes the switch back; `failed` follows a `before` whose switch was taken
   * back, `after` one that was carried to its end. Each is called until it succeeds, so it may come twice.
   * @throws InvalidConfiguration where the function fails, or gives no answer in time
   * @throws TransientError where it cannot be called for the moment
   */
  call(moment: Moment, to: SideName, execution: string): Promise<void>;
}

/** Staging label, beside AWSCURRENT and AWSPREVIOUS, of the version that led to the source: one with a label is never thrown away. */
export const ORIGINAL_LABEL = 'planetscale-migration-source';

export const noApplication: Application = {
  secret: undefined,
  pointsAt: async () => undefined,
  obstacles: async () => [],
  currentUsers: async () => [],
  targetUser: async () => undefined,
  keepOriginal: async () => {},
  pointAt: async () => {},
  isKept: async () => false,
  forgetOriginal: async () => {},
};

export const noHook: Hook = { configured: false, call: async () => {} };
