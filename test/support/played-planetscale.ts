/** PlanetScale played at its port, with state: changes that take a few looks to be done, roles, tags and the target secret. */
import { InvalidConfiguration } from '../../lambdas/config/errors.ts';
import type {
  Branch,
  BranchRole,
  ChangeRequest,
  ClusterParameter,
  FilledIn,
  NewBranchRole,
  PlanetScale,
  TargetJournal,
  TargetSecret,
  WantedChange,
} from '../../lambdas/ports/planetscale.ts';

export const STACK = 'Shop';
export const BRANCH: Branch = {
  organization: 'acme',
  database: 'shop',
  branch: 'main',
  clusterSize: 'PS_80',
  isMetal: false,
  isReady: true,
  state: 'ready',
  hasReplicas: true,
  region: 'eu-central-1',
  addresses: ['192.0.2.1/32'],
};

export const parameter = (name: string, value: string, more: Partial<ClusterParameter> = {}): ClusterParameter => ({
  namespace: 'pgconf',
  name,
  value,
  defaultValue: value,
  restarts: false,
  isImmutable: false,
  type: 'integer',
  ...more,
});
const restarting = (name: string, value: string, more: Partial<ClusterParameter> = {}) =>
  parameter(name, value, { restarts: true, ...more });

/** As a new branch has them. */
export const PARAMETERS: readonly ClusterParameter[] = [
  restarting('wal_level', 'logical', { type: 'select', options: ['replica', 'logical'] }),
  restarting('max_worker_processes', '4'),
  restarting('max_logical_replication_workers', '4'),
  restarting('max_replication_slots', '10'),
  restarting('max_active_replication_origins', '10'),
  restarting('max_wal_senders', '10'),
  restarting('max_connections', '100'),
  restarting('shared_buffers', '2GB', { type: 'bytes' }),
  parameter('max_sync_workers_per_subscription', '2'),
  parameter('max_slot_wal_keep_size', '4GB', { type: 'bytes' }),
  parameter('hot_standby_feedback', 'off', { type: 'boolean' }),
  parameter('sync_replication_slots', 'off', { type: 'boolean' }),
  parameter('synchronized_standby_slots', '', { type: 'array' }),
  parameter('logical_slots', '', { namespace: 'patroni', type: 'array', displayName: 'Logical slots', category: 'Failover' }),
];

/** The port, and all that a test may see and change of it. */
export interface Played {
  readonly planetscale: PlanetScale;
  readonly targetJournal: TargetJournal;
  readonly targetSecret: TargetSecret;
  branch: Branch;
  readonly parameters: Map<string, ClusterParameter>;
  readonly changes: ChangeRequest[];
  readonly roles: BranchRole[];
  tags: Record<string, string>;
  login: FilledIn | undefined;
  /** Calls that change something, in order. */
  readonly calls: string[];
  /** Called before each call that changes something, with its name; what it throws is the answer. */
  before: (call: string) => void | Promise<void>;
  /** The same after it has taken effect: an answer that is lost. */
  after: (call: string) => void | Promise<void>;
  /** What becomes of changes. */
  fate: 'completed' | 'canceled';
  /** Called where a change is completed, to bring it into force. */
  inForce: (change: ChangeRequest) => void | Promise<void>;
  value(name: string): string | undefined;
  set(name: string, value: string): void;
}

export interface PlayedOptions {
  readonly stack?: string;
  readonly parameters?: readonly ClusterParameter[];
  readonly changes?: readonly ChangeRequest[];
  readonly branch?: Partial<Branch>;
  readonly login?: FilledIn;
  readonly connection?: TargetSecret['connection'];
  readonly privateHost?: string;
  /** Bytes of the disk, which the first change tells. */
  readonly diskBytes?: number;
  /** Makes the role at a server, and says how it logs in there. */
  readonly makesRole?: (made: NewBranchRole, inherits: readonly string[]) => Promise<NewBranchRole>;
  readonly dropsRole?: (role: BranchRole, successor: string) => Promise<void>;
}

const GIB = 1024 ** 3;
const STATES = ['queued', 'pending', 'resizing'] as const;

export function playPlanetScale(options: PlayedOptions = {}): Played {
  let changeable = { disk: options.diskBytes ?? 10 * GIB, number: 0 };
  const wanted = new Map<string, WantedChange>();
  const doing = async <Result>(call: string, act: () => Result | Promise<Result>): Promise<Result> => {
    await played.before(call);
    played.calls.push(call);
    const result = await act();
    await played.after(call);
    return result;
  };
  const keyOf = (namespace: string, name: string): string => `${namespace}.${name}`;
  /** Each look brings a change one state further. */
  let goingOn = Promise.resolve();
  const goOn = (): Promise<void> => {
    goingOn = goingOn.then(oneStateFurther);
    return goingOn;
  };
  const oneStateFurther = async (): Promise<void> => {
    const index = played.changes.findIndex(({ state }) => state !== 'completed' && state !== 'canceled');
    const change = played.changes[index];
    if (!change) return;
    const next = STATES[STATES.indexOf(change.state as (typeof STATES)[number]) + 1] ?? played.fate;
    const now = { ...change, state: next };
    if (next === 'completed') {
      for (const [namespace, values] of Object.entries(wanted.get(change.id)?.parameters ?? change.parameters)) {
        for (const [name, value] of Object.entries(values)) {
          const before = played.parameters.get(keyOf(namespace, name));
          if (before) played.parameters.set(keyOf(namespace, name), { ...before, value });
        }
      }
      if (now.minimumStorageBytes !== undefined) changeable = { ...changeable, disk: now.minimumStorageBytes };
      await played.inForce(now);
    }
    played.changes[played.changes.indexOf(change)] = now;
  };
  const played: Played = {
    branch: { ...BRANCH, ...options.branch },
    parameters: new Map((options.parameters ?? PARAMETERS).map((one) => [keyOf(one.namespace, one.name), one])),
    changes: [...(options.changes ?? [])],
    roles: [{ id: 'role-default', name: 'postgres', user: 'postgres.nk35mx55qq', role: 'postgres', isDefault: true }],
    tags: {},
    login: options.login,
    calls: [],
    before: () => {},
    after: () => {},
    fate: 'completed',
    inForce: () => {},
    value: (name) => [...played.parameters.values()].find((one) => one.name === name)?.value,
    set(name, value) {
      for (const [key, one] of played.parameters) if (one.name === name) played.parameters.set(key, { ...one, value });
    },
    planetscale: {
      configured: true,
      branch: async () => played.branch,
      parameters: async () => [...played.parameters.values()],
      roles: async () => [...played.roles],
      async changes() {
        const seen = [...played.changes];
        await goOn();
        return seen;
      },
      change: (asked) =>
        doing('change', () => {
          const parameters = asked.parameters ?? {};
          const previousParameters = Object.fromEntries(
            Object.entries(parameters).map(([namespace, values]) => [
              namespace,
              Object.fromEntries(Object.keys(values).map((name) => [name, played.parameters.get(keyOf(namespace, name))?.value ?? ''])),
            ]),
          );
          if (JSON.stringify(parameters) === JSON.stringify(previousParameters) && !asked.storage) return undefined;
          changeable = { ...changeable, number: changeable.number + 1 };
          const change: ChangeRequest = {
            id: `change-${changeable.number}`,
            state: 'queued',
            actor: 'the token',
            parameters,
            previousParameters,
            minimumStorageBytes: asked.storage?.minimumBytes ?? changeable.disk,
            previousMinimumStorageBytes: changeable.disk,
          };
          wanted.set(change.id, asked);
          played.changes.unshift(change);
          return change;
        }),
      createRole: ({ name, inherits }) =>
        doing('createRole', async () => {
          const number = played.roles.length;
          const made: NewBranchRole = {
            ...{ id: `role-${number}`, name, user: `pscale_api_${number}.nk35mx55qq`, role: `pscale_api_${number}`, isDefault: false },
            ...{ password: 'canary of a role', host: 'b1.example', port: 5432, database: 'postgres' },
            ...(options.privateHost !== undefined && { privateHost: options.privateHost }),
          };
          const there = (await options.makesRole?.(made, inherits)) ?? made;
          const { id, user, role, isDefault } = there;
          played.roles.push({ id, name, user, role, isDefault });
          return there;
        }),
      deleteRole: (id, successor) =>
        doing('deleteRole', async () => {
          const index = played.roles.findIndex((role) => role.id === id);
          const [role] = index === -1 ? [] : played.roles.splice(index, 1);
          if (role) await options.dropsRole?.(role, successor);
        }),
    },
    targetJournal: {
      stack: options.stack ?? STACK,
      tags: async () => ({ ...played.tags }),
      add: (tags) =>
        doing('addTags', () => {
          played.tags = { ...played.tags, ...tags };
        }),
      remove: (keys) =>
        doing('removeTags', () => {
          played.tags = Object.fromEntries(Object.entries(played.tags).filter(([key]) => !keys.includes(key)));
        }),
    },
    targetSecret: {
      name: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:target-AbCdEf',
      connection: options.connection ?? 'public',
      isEmpty: async () => played.login === undefined,
      fillIn: (login) =>
        doing('fillIn', () => {
          if (played.login) throw new InvalidConfiguration('The target secret is not empty.');
          played.login = login;
        }),
      empty: (user) =>
        doing('empty', () => {
          if (played.login?.username === user) played.login = undefined;
        }),
    },
  };
  return played;
}
