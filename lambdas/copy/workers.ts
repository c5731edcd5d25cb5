/** How many workers may copy parts at a time, and how many are begun: never more than either side and the account have to spare. */
import { DEFAULT_COPY_WORKERS, INPUT_KEYS } from '../config/input-keys.ts';
import type { SideName } from '../config/side-name.ts';
import type { SessionRoom } from './session-room.sql.ts';

/** Most children that are begun, whatever is asked for. */
const MOST_BEGUN = 200;
/** Children that are begun for each worker that is wanted, so that `Pace` can raise the number while they run. */
const BEGUN_PER_WANTED = 4;

/**
 * Share of every limit that is left free beside what others take now: for the application, whose busiest hour is not this one, and for people who
 * have to look. As much again as is taken now would leave a busy source without any worker, and an idle one without any margin.
 * One worker may work in it, since without any the copy would never end.
 */
const KEPT_FREE = 0.2;

/** A reading and a writing connection of a step, the watch and `Pace`, and as many again for a visit that overlaps with the end of the one before. */
const STEP_SESSIONS = 6;
/** The session that holds the snapshot, and the connection that makes the slot. */
const SEED_SESSIONS = 2;
/** A worker reads as the copying role on the source; on the target it writes as that role, and keeps its record as our own. */
const PER_WORKER = { source: { copying: 1, own: 0 }, target: { copying: 1, own: 1 } } as const satisfies Record<
  SideName,
  { copying: number; own: number }
>;

/** The child that builds keys and indexes, the visit of a step, the watch, and a notice. */
export const FUNCTIONS_BESIDE = 4;

/** What one limit lets through. */
export interface WorkerBound {
  readonly by: SideName | 'functions';
  /** Workers at a time; 0 or more. */
  readonly workers: number;
  /** The limit and what is taken of it, as a sentence without its end. */
  readonly why: string;
}

export interface WorkerRoom {
  readonly source: SessionRoom;
  readonly target: SessionRoom;
  /** Functions that the account may run at a time; undefined where that is not known, or nothing limits them. */
  readonly concurrency: number | undefined;
  /** Index builds at a time, each with a session on the target. */
  readonly indexWorkers?: number;
}

interface Limit {
  readonly name: string;
  readonly limit: number | null;
  /** Of the limit, for nobody. */
  readonly reserved?: number;
  /** Taken by others now. */
  readonly others: number;
  /** Whether others than the migration live from it. */
  readonly shared: boolean;
  /** For the migration beside its workers. */
  readonly beside: number;
  readonly perWorker: number;
  readonly unit: string;
}

const least = (bounds: readonly WorkerBound[]): WorkerBound | undefined => bounds.toSorted((a, b) => a.workers - b.workers)[0];

function boundOf(by: WorkerBound['by'], { name, limit, reserved = 0, others, shared, beside, perWorker, unit }: Limit): WorkerBound[] {
  if (limit === null || perWorker === 0) return [];
  const free = shared ? Math.ceil(limit * KEPT_FREE) : 0;
  const room = (kept: number): number => Math.floor((limit - reserved - others - kept - beside) / perWorker);
  const workers = Math.max(room(free), Math.min(room(0), 1), 0);
  const taken = [
    [reserved, 'reserved'],
    [others, 'taken by others now'],
    [free, 'left free'],
    [beside, 'for the rest of the migration'],
  ] as const;
  const words = taken.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [
    {
      by,
      workers,
      why: `${name} ${limit}, ${words.join(', ')}, and ${perWorker} ${unit} a worker: room for ${workers}${workers > room(free) ? ' in what is left free' : ''}`,
    },
  ];
}

function boundOfSide(side: SideName, room: SessionRoom, indexWorkers: number): WorkerBound[] {
  const { copying, own } = PER_WORKER[side];
  const copyingBeside = side === 'source' ? SEED_SESSIONS : 0;
  const ownBeside = STEP_SESSIONS + (side === 'target' ? indexWorkers : 0);
  const common = {
    perWorker: copying + own,
    beside: copyingBeside + ownBeside,
    shared: true,
    unit: copying + own === 1 ? 'session' : 'sessions',
  };
  const named = (name: string): string => `${side}: ${name}`;
  const { most, reserved, others, databaseLimit, databaseOthers, copyLimit, ownLimit, ownOthers } = room;
  const ofRole = { shared: false, unit: 'session' };
  const bounds = [
    { ...common, name: named('max_connections'), limit: most, reserved, others },
    { ...common, name: named('connection limit of the database'), limit: databaseLimit, others: databaseOthers },
    {
      ...ofRole,
      name: named('connection limit of the role that copies'),
      limit: copyLimit,
      others: 0,
      beside: copyingBeside,
      perWorker: copying,
    },
    { ...ofRole, name: named('connection limit of our role'), limit: ownLimit, others: ownOthers, beside: ownBeside, perWorker: own },
  ].flatMap((limit) => boundOf(side, limit));
  return [least(bounds)].filter((bound) => bound !== undefined);
}

/** What either side and the account let through: the tightest limit of each. */
export const workerBounds = ({
  source,
  target,
  concurrency,
  indexWorkers = INPUT_KEYS.indexWorkers.default,
}: WorkerRoom): WorkerBound[] => [
  ...boundOfSide('source', source, indexWorkers),
  ...boundOfSide('target', target, indexWorkers),
  ...boundOf('functions', {
    name: 'functions that the account may run at a time',
    limit: concurrency ?? null,
    others: 0,
    shared: true,
    beside: FUNCTIONS_BESIDE,
    perWorker: 1,
    unit: 'function',
  }),
];

/**
 * The least max_connections of the target with which so many workers may copy at a time.
 * @param room what is taken of it now; its limits of the database and of roles are not looked at
 */
export const connectionsFor = (workers: number, room: Pick<SessionRoom, 'reserved' | 'others'>, indexWorkers: number): number =>
  Math.ceil(
    (room.reserved + room.others + STEP_SESSIONS + indexWorkers + workers * (PER_WORKER.target.copying + PER_WORKER.target.own)) /
      (1 - KEPT_FREE),
  );

/** How many may work, and how many children wait for more. */
export interface WorkerCount {
  /** That may work at first. */
  readonly workers: number;
  /** Children of the map that are begun: as far as `Pace` can go. */
  readonly began: number;
  /** Each limit that is below what is wanted, tightest first; empty where all that is wanted may work. */
  readonly why: string[];
}

/**
 * At least one wherever anything is possible; none, with the reason, where it is not.
 * @param wanted workers at a time, 0 for a pause: then children are begun for the number that is the default, and wait
 */
export function workersFor({ wanted, ...room }: WorkerRoom & { readonly wanted: number }): WorkerCount {
  const bounds = workerBounds(room).toSorted((a, b) => a.workers - b.workers);
  const most = Math.min(MOST_BEGUN, ...bounds.map(({ workers }) => workers));
  return {
    workers: Math.min(wanted, most),
    began: Math.min(BEGUN_PER_WANTED * (wanted || DEFAULT_COPY_WORKERS), most),
    why: bounds.filter(({ workers }) => workers < Math.max(wanted, 1)).map(({ why }) => why),
  };
}
