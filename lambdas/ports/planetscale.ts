/**
 * PlanetScale's API, as far as a migration needs it: what a branch and its cluster are like, and the changes that the migration makes to them.
 * https://planetscale.com/docs/api/reference
 */
import type { Tags } from './cluster.ts';

/** A branch of a database of PlanetScale, with its cluster. */
export interface Branch {
  readonly organization: string;
  readonly database: string;
  readonly branch: string;
  /** Such as `PS_20`. */
  readonly clusterSize: string;
  /** Whether its disks are those of its machines, which grow only with the size of the cluster. */
  readonly isMetal: boolean;
  /** Whether it is there and takes connections: the state is `ready`. */
  readonly isReady: boolean;
  readonly state: string;
  /** Whether a standby is promoted where the cluster is restarted or resized. */
  readonly hasReplicas: boolean;
  readonly region: string;
  /** Addresses from which it connects, each in CIDR notation. */
  readonly addresses: readonly string[];
}

/** A setting of the cluster. */
export interface ClusterParameter {
  /** `pgconf` for PostgreSQL's own; `patroni`, `pgbouncer`. */
  readonly namespace: string;
  readonly name: string;
  /** As PlanetScale shows it. @default - not said */
  readonly displayName?: string;
  /** Under which PlanetScale shows it. @default - not said */
  readonly category?: string;
  /** As configured, which is not the server's own word. */
  readonly value: string;
  readonly defaultValue: string;
  /** Whether a change restarts the cluster, which ends every connection. */
  readonly restarts: boolean;
  /** Whether it can be changed at all. */
  readonly isImmutable: boolean;
  /** Such as `integer`, `array` or `boolean`. */
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly options?: readonly string[];
}

/** Values by namespace and name. */
export type ParameterValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A change of the cluster, made by us or by anybody else. */
export interface ChangeRequest {
  readonly id: string;
  readonly state: 'queued' | 'pending' | 'resizing' | 'canceled' | 'completed';
  /** Who asked for it, by the name that PlanetScale shows. */
  readonly actor: string;
  readonly parameters: ParameterValues;
  readonly previousParameters: ParameterValues;
  /** Least size of the disk in bytes that the cluster has with it, and had before. @default - not said */
  readonly minimumStorageBytes?: number;
  readonly previousMinimumStorageBytes?: number;
  /** Largest size to which the disk grows by itself. @default - not said */
  readonly maximumStorageBytes?: number;
}

/** A change that is asked for. Whatever is left out stays as it is. */
export interface WantedChange {
  readonly parameters?: ParameterValues;
  readonly storage?: { readonly minimumBytes: number; readonly maximumBytes?: number };
}

/** A role of the branch that PlanetScale has made. */
export interface BranchRole {
  readonly id: string;
  /** As it is shown; not the role's own name. */
  readonly name: string;
  /** With the branch, as it logs in. */
  readonly user: string;
  /** Without it, as the server knows it. */
  readonly role: string;
  readonly isDefault: boolean;
}

/** A role that has just been made. Its password is told this once. */
export interface NewBranchRole extends BranchRole {
  readonly password: string;
  readonly host: string;
  /** Host by PrivateLink. @default - the branch has none */
  readonly privateHost?: string;
  readonly port: number;
  readonly database: string;
}

/** Roles that may be inherited from, by PlanetScale's list. */
export interface WantedRole {
  readonly name: string;
  readonly inherits: readonly string[];
  readonly replication: boolean;
}

/**
 * The API, with the token's rights. Every call: @throws TransientError where a retry may help; @throws InvalidConfiguration where the token may not
 * do it, naming the access that it lacks.
 */
export interface PlanetScale {
  /** Whether the deployment has a token. Without one no other method may be called. */
  readonly configured: boolean;
  branch(): Promise<Branch>;
  parameters(): Promise<readonly ClusterParameter[]>;
  /** The newest first. */
  changes(): Promise<readonly ChangeRequest[]>;
  roles(): Promise<readonly BranchRole[]>;
  /** @returns undefined where there was nothing to change */
  change(wanted: WantedChange): Promise<ChangeRequest | undefined>;
  createRole(wanted: WantedRole): Promise<NewBranchRole>;
  /** Does nothing where it is gone. @param successor role, as the server knows it, that gets what the deleted one owns */
  deleteRole(id: string, successor: string): Promise<void>;
}

/** The read-only part. */
export type PlanetScaleView = Pick<PlanetScale, 'configured' | 'branch' | 'parameters' | 'changes' | 'roles'>;
/** Part that puts back. */
export type PlanetScaleRestore = PlanetScaleView & Pick<PlanetScale, 'change' | 'deleteRole'>;

/**
 * What the branch was like before we changed it, as tags of the token's secret, where the operator finds it even if the stack is gone. The rules
 * are those of the cluster's own journal: a value holds at most 256 letters, digits, spaces and `_.:/=+-@`.
 */
export interface TargetJournal {
  /** Name of the stack, which tells its journal from that of another migration with the same token. */
  readonly stack: string;
  tags(): Promise<Tags>;
  add(tags: Tags): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
}

/** The login of a role that was made, as it is put into the target secret. */
export interface FilledIn {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly dbname: string;
  /** Host under which the source reaches the target, where that is another one. */
  readonly publicHost?: string;
}

/** Staging label of a version of the target secret that is put beside the current one, before it takes its place. */
export const STAGED_LABEL = 'planetscale-migration-staged';

/** The target secret, whoever fills it in. */
export interface TargetSecret {
  /** Name or ARN, for messages. */
  readonly name: string;
  /** Which of PlanetScale's hosts is put in. */
  readonly connection: 'public' | 'private';
  /** Whether it holds no login: no value, or one without a key. */
  isEmpty(): Promise<boolean>;
  /** @throws InvalidConfiguration where it is not empty any more: a login is never written over */
  fillIn(login: FilledIn): Promise<void>;
  /** Takes the login of this user out; another user's stays. */
  empty(user: string): Promise<void>;
}

/** Where no token is configured. */
const noPlanetScale: PlanetScale = {
  configured: false,
  branch: withoutToken,
  parameters: withoutToken,
  changes: withoutToken,
  roles: withoutToken,
  change: withoutToken,
  createRole: withoutToken,
  deleteRole: withoutToken,
};

async function withoutToken(): Promise<never> {
  throw new Error('PlanetScale was asked without a token.');
}

const noTargetJournal: TargetJournal = { stack: '', tags: async () => ({}), add: async () => {}, remove: async () => {} };

/** One that somebody has filled in. */
const givenTargetSecret: TargetSecret = {
  name: 'the target secret',
  connection: 'public',
  isEmpty: async () => false,
  fillIn: withoutToken,
  empty: async () => {},
};

/** The three bindings of a deployment without a token, whose target secret is filled in by the operator. */
export const WITHOUT_TOKEN = { planetscale: noPlanetScale, targetJournal: noTargetJournal, targetSecret: givenTargetSecret };
