/** One side as far as a switch concerns it, in memory: its gate, its streams, the rows of the application, and sessions that may be lost. */
import { StatementFailed, TransientError } from '../../lambdas/config/errors.ts';
import type { Json } from '../../lambdas/config/json.ts';
import { OBJECT_NOT_IN_PREREQUISITE_STATE, UNDEFINED_OBJECT, UNDEFINED_TABLE } from '../../lambdas/postgres/sqlstates.ts';
import type { Fence, Gate } from '../../lambdas/state/gates.sql.ts';

export interface MemorySession {
  /** Sessions of a server that has crashed since are gone. */
  readonly epoch: number;
  gone: boolean;
}

/** Milliseconds, the same for both servers. */
interface Clock {
  now: number;
}

type Row = Omit<Gate, 'remainingMs' | 'changedAt'> & { readonly deadline: number | null; readonly changedAt: number };
type Handler = (server: MemoryServer, session: MemorySession, ...args: never[]) => readonly unknown[] | undefined;

const NEW_GATE: Row = {
  ...{ state: 'open', epoch: 0, cancellations: 0, openedEpoch: null, told: [], commits: 0, calledOff: null },
  ...{ execution: null, attempt: null, deadline: null, changedAt: 0, report: null },
};

const refused = (message: string): StatementFailed => new StatementFailed(message, { code: OBJECT_NOT_IN_PREREQUISITE_STATE });

export class MemoryServer {
  readonly clock: Clock;
  /** The other side, from which the subscriptions here read. */
  other!: MemoryServer;
  epoch = 0;
  gate: Row | undefined;
  /** Subscriptions here, by name, and whether they are enabled. */
  subscriptions = new Map<string, { enabled: boolean; note: string | null }>();
  /** Slots here, by name, and how much of `wal` each has sent. */
  slots = new Map<string, { sent: number }>();
  publication = false;
  /** What the application has written here; what came through a stream is in `rows` only. */
  wal: string[] = [];
  rows = new Set<string>();
  /** Who holds the advisory lock of a switch. */
  locked: MemorySession | undefined;
  /** Statements that lift a fence later, without any session. */
  deadMen: { readonly epoch: number; readonly at: number; readonly attempt: string }[] = [];

  /** Functions whose statements were sent here and are not known; a step may have taken the error for a reason to give up. */
  readonly unknown = new Set<string>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Whether the application may write here. A target that no switch has opened is not known to it. */
  get writable(): boolean {
    return this.gate === undefined ? this.publication : this.gate.state === 'open' && (this.publication || this.gate.openedEpoch !== null);
  }

  connect(): MemorySession {
    return { epoch: this.epoch, gone: false };
  }

  /** @throws TransientError where the session is gone */
  demand(session: MemorySession): void {
    if (session.gone || session.epoch !== this.epoch) throw new TransientError('The connection was lost.');
  }

  /** Ends every session. What was committed stays. */
  crash(): void {
    this.epoch += 1;
    this.locked = undefined;
  }

  /** Whatever lifts a fence by itself does so when its time is over. */
  timePassed(): void {
    for (const { epoch, at, attempt } of this.deadMen) {
      if (epoch === this.epoch && at <= this.clock.now && this.gate?.state === 'fenced' && this.gate.attempt === attempt) this.open();
    }
  }

  change(row: Partial<Row>): void {
    if (!this.gate) throw new StatementFailed('relation "gate" does not exist', { code: UNDEFINED_TABLE });
    this.gate = { ...this.gate, ...row };
  }

  open(): void {
    this.change({ state: 'open', deadline: null });
  }

  /** Changes of the other side that arrive here, by whichever subscription reads them. */
  receive(): void {
    for (const [name, { enabled }] of this.subscriptions) {
      const slot = this.other.slots.get(name);
      if (!enabled || !slot) continue;
      for (const row of this.other.wal.slice(slot.sent)) this.rows.add(row);
      slot.sent = this.other.wal.length;
    }
  }

  save(): () => void {
    const { gate, publication, wal } = this;
    const subscriptions = new Map([...this.subscriptions].map(([name, state]) => [name, { ...state }]));
    const slots = new Map([...this.slots].map(([name, state]) => [name, { ...state }]));
    const rows = new Set(this.rows);
    return () => Object.assign(this, { gate, publication, wal, subscriptions, slots, rows });
  }

  run(session: MemorySession, name: string, args: readonly unknown[]): readonly unknown[] {
    if (name.startsWith('rest of ')) return [];
    const handler = HANDLERS[name];
    if (!handler) {
      this.unknown.add(name);
      throw new Error(`The server in memory does not know ${name}.`);
    }
    return handler(this, session, ...(args as never[])) ?? [];
  }
}

const nothing: Handler = () => [];

/** By the name of the function that makes the statement. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  gateExists: ({ gate }) => [{ exists: gate !== undefined }],
  gateState: ({ gate, clock }) => {
    if (!gate) throw new StatementFailed('relation "gate" does not exist', { code: UNDEFINED_TABLE });
    const { deadline, changedAt, ...row } = gate;
    return [{ ...row, remainingMs: gate.state === 'fenced' ? (deadline ?? 0) - clock.now : null, changedAt: new Date(changedAt) }];
  },
  createGate: (server) => {
    server.gate ??= NEW_GATE;
    return [];
  },
  fenceGate: (server, _, { seen, epoch, execution, attempt, seconds }: Fence) => {
    const { gate } = server;
    if (gate?.state !== 'open') throw refused(`the gate of this side is ${gate?.state}, not open`);
    if (gate.epoch !== seen.epoch || gate.cancellations !== seen.cancellations || gate.calledOff === execution)
      throw refused('this attempt was called off');
    server.change({ state: 'fenced', epoch, execution, attempt, deadline: server.clock.now + seconds * 1000, report: null, told: [] });
    return [];
  },
  closeGate: (server) => {
    if (server.gate?.state === 'open') server.change({ state: 'closed' });
    return [];
  },
  tryFence: nothing,
  tryOpen: nothing,
  commitGate: (server, _, attempt: string) => {
    const { gate } = server;
    if (gate?.state !== 'fenced' || gate.attempt !== attempt || server.clock.now >= (gate.deadline ?? 0)) return [];
    server.change({ state: 'closed', commits: gate.commits + 1, deadline: null });
    return [{ state: 'closed' }];
  },
  recommitGate: (server, _, epoch: number) => {
    const { gate } = server;
    if (gate && gate.state !== 'closed') {
      server.change({ state: 'closed', commits: gate.commits + 1, epoch: Math.max(gate.epoch, epoch), deadline: null });
    }
    return [];
  },
  cancelAttempts: (server, _, execution?: string) => {
    const { gate } = server;
    if (gate?.state === 'open') server.change({ cancellations: gate.cancellations + 1, calledOff: execution ?? gate.calledOff });
    return [];
  },
  noteTold: (server, _, epoch: number, moment: Gate['told'][number]) => {
    const { gate } = server;
    if (gate?.epoch === epoch && !gate.told.includes(moment)) server.change({ told: [...gate.told, moment] });
    return [];
  },
  recordReport: (server, _, attempt: string, report: string) => {
    if (server.gate?.attempt === attempt) server.change({ report: JSON.parse(report) as Json });
    return [];
  },
  liftFence: (server, _, attempt?: string) => {
    const { gate } = server;
    if (gate?.state === 'fenced' && (attempt === undefined || gate.attempt === attempt)) server.open();
    return [];
  },
  openGate: (server, _, epoch: number) => {
    const { gate } = server;
    if (gate?.state !== 'closed' || gate.epoch >= epoch) return [];
    server.open();
    server.change({ openedEpoch: epoch, told: [] });
    return [];
  },
  endLockHolders: nothing,
  lockHolders: nothing,

  lock: (server, session) => {
    const taken = server.locked === undefined || server.locked.gone;
    if (taken) server.locked = session;
    return [{ taken }];
  },
  endHolders: (server) => {
    if (server.locked) server.locked.gone = true;
    return [];
  },
  setLockTimeout: nothing,
  createEndSessions: nothing,
  tryEndSessions: nothing,
  endSessions: () => [{ leftOver: [], writing: [], prepared: [], letIn: [], subscribed: [] }],
  ownSchemaExists: ({ gate }) => [{ exists: gate !== undefined }],

  createHeartbeat: nothing,
  lockHeartbeats: nothing,
  writeHeartbeat: nothing,
  createAwaitHeartbeat: nothing,
  createAwaitConfirmed: nothing,
  awaitHeartbeat: (server) => {
    server.receive();
    return [{ arrived: [...server.subscriptions].some(([name, { enabled }]) => enabled && server.other.slots.has(name)) }];
  },
  awaitConfirmed: (server, _, slot: string) => {
    server.other.receive();
    const confirmed = server.slots.has(slot) && server.other.subscriptions.get(slot)?.enabled === true;
    return [{ confirmed, position: '0/1', sender: senderOf(server, slot) }];
  },
  senderOf: (server, _, slot: string) => {
    const identity = senderOf(server, slot);
    return identity === undefined ? [] : [{ identity, seconds: 1_000_000 }];
  },

  subscriptionState: ({ subscriptions }, _, name: string) => {
    const found = subscriptions.get(name);
    return found ? [{ ...found, slot: name, binary: false, streaming: 'off' }] : [];
  },
  subscriptionsNamed: ({ subscriptions }, _, prefix: string) =>
    [...subscriptions.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name })),
  subscriptionNumbers: ({ subscriptions }, _, wanted: string) =>
    [...subscriptions.keys()].flatMap((name, oid) => (name === wanted ? [{ oid }] : [])),
  createCopylessSubscription: (server, _, name: string) => {
    if (server.subscriptions.has(name)) throw refused(`subscription "${name}" already exists`);
    server.subscriptions.set(name, { enabled: false, note: null });
    return [];
  },
  setNote: (server, _, name: string, note: string) => change(server, name, { note }),
  holdSubscription: (server, _, name: string, note: string) => change(server, name, { enabled: false, note }),
  releaseSubscription: (server, _, name: string, note: string) => change(server, name, { enabled: true, note }),
  setSynchronousCommit: (server, _, name: string) => change(server, name, {}),
  forgetSubscription: (server, _, name: string) => {
    if (!server.subscriptions.delete(name)) throw refused(`subscription "${name}" does not exist`);
    return [];
  },

  slotState: ({ slots, other }, _, name: string) => {
    const slot = slots.get(name);
    if (!slot) return [];
    const active = other.subscriptions.get(name)?.enabled === true;
    return [
      {
        active,
        activePid: active ? 1 : null,
        heldByUs: false,
        building: false,
        lost: false,
        confirmed: '0/1',
        lagBytes: 0,
        retainedBytes: 0,
      },
    ];
  },
  createSlot: (server, _, name: string) => {
    if (server.slots.has(name)) throw refused(`replication slot "${name}" already exists`);
    server.slots.set(name, { sent: server.wal.length });
    return [{ point: '0/1' }];
  },
  dropSlot: (server, _, name: string) => {
    if (!server.slots.delete(name)) throw new StatementFailed(`replication slot "${name}" does not exist`, { code: UNDEFINED_OBJECT });
    return [];
  },
  endReaders: nothing,
  createSlotIncarnations: nothing,
  recordSlotIncarnation: nothing,
  slotIncarnation: nothing,
  createSubscribers: nothing,
  pinWorkers: nothing,
  unpinWorkers: nothing,
  holdKeys: nothing,
  releaseKeys: nothing,
  validateKeys: nothing,
  heldKeysExist: () => [{ exists: false }],
  holdForce: nothing,
  releaseForce: nothing,
  heldForceExists: () => [{ exists: false }],
  forcedUnder: nothing,
  limitStatements: nothing,
  recordSubscriber: nothing,

  sessionRole: () => [{ value: 'origin', remedies: [] }],
  namesNotOurs: nothing,
  lockRoles: nothing,
  createRole: nothing,
  asRoleMaker: nothing,
  asOurselves: nothing,
  roleExists: () => [{ exists: true }],
  setVerifier: nothing,
  grantorState: () => [{ hasRdsReplication: false }],
  allowReplication: nothing,
  setForStream: nothing,
  grantConnect: nothing,
  mayReadIdentity: () => [{ allowed: false }],

  publicationList: () => [{ oid: 1, tables: [] }],
  lockPublication: nothing,
  sequences: nothing,

  markedTables: nothing,
  cronExists: () => [{ exists: false }],
};

const senderOf = ({ slots, other, epoch }: MemoryServer, slot: string): string | undefined =>
  slots.has(slot) && other.subscriptions.get(slot)?.enabled ? `${slot} ${epoch} ${other.epoch}` : undefined;

function change(server: MemoryServer, name: string, what: { readonly enabled?: boolean; readonly note?: string }): readonly unknown[] {
  const found = server.subscriptions.get(name);
  if (!found) throw refused(`subscription "${name}" does not exist`);
  Object.assign(found, what);
  return [];
}
