/** The order in which the listed statements are carried out, and those of them that run side by side. */
import type { TableName } from '../../config/input.ts';
import { isKeyKind, type PostDataKind } from '../dump/kinds.ts';
import type { Work } from './post-data.sql.ts';
import type { State } from './state.ts';

/**
 * Kinds that may run at the same time; each group begins when the one before has ended. Why in this order:
 * {@link PostDataKind}.
 */
const GROUPS: readonly { readonly kinds: readonly PostDataKind[]; readonly sideBySide: boolean }[] = [
  { kinds: ['key', 'key index'], sideBySide: true },
  { kinds: ['key attachment'], sideBySide: false },
  { kinds: ['replica identity'], sideBySide: false },
  { kinds: ['definition'], sideBySide: false },
  { kinds: ['access'], sideBySide: false },
  { kinds: ['index', 'unique', 'exclusion'], sideBySide: true },
  { kinds: ['attachment'], sideBySide: false },
  { kinds: ['domain check'], sideBySide: false },
  { kinds: ['check', 'foreign key'], sideBySide: true },
  { kinds: ['detail'], sideBySide: false },
  { kinds: ['analyze'], sideBySide: false },
  { kinds: ['refresh'], sideBySide: false },
  { kinds: ['vacuum'], sideBySide: false },
  { kinds: ['late access'], sideBySide: false },
  { kinds: ['event trigger'], sideBySide: false },
];

/** A statement and its state. */
export interface StatementStatus extends Work {
  readonly state: State;
}

/** Statements to be started now. */
export interface Batch {
  /** In the order in which to take them. */
  readonly queue: readonly Work[];
  /** Of the same group, started on an earlier visit and still running. */
  readonly running: readonly Work[];
  readonly sessions: number;
}

/** What a visit has done so far, by the ordinals of statements. */
export interface Tries {
  readonly underWay: ReadonlySet<number>;
  /** Those under way included. */
  readonly tried: ReadonlySet<number>;
}

/**
 * The first group with something to start, unless an earlier one is still running. Long work begins with the largest table, so that the
 * last builder does not start the longest one when all others have nothing left to do.
 * @param mayStart leaves out those that have been tried on this visit
 */
export function nextBatch(all: readonly StatementStatus[], mayStart: (work: Work) => boolean, sessions: number): Batch | undefined {
  for (const { kinds, sideBySide } of GROUPS) {
    const group = all.filter(({ kind }) => kinds.includes(kind));
    const running = group.filter(({ state }) => state === 'running');
    const queue = group.filter((work) => work.state === 'open' && mayStart(work));
    const free = (sideBySide ? sessions : 1) - running.length;
    if (queue.length > 0 && free > 0) {
      return { queue: sideBySide ? queue.toSorted((a, b) => b.bytes - a.bytes || a.ordinal - b.ordinal) : queue, running, sessions: free };
    }
    if (running.length > 0) return undefined;
  }
  return undefined;
}

const tablesOf = (work: Work): string[] =>
  [
    [work.onSchema, work.onTable],
    [work.toSchema, work.toTable],
  ]
    .filter(([, table]) => table)
    .map((names) => JSON.stringify(names));

const sharesItsTable = ({ kind }: Work): boolean => kind === 'index' || kind === 'key index';

/**
 * Whether one would wait for the other, or both for each other: two foreign keys that refer to each other's tables deadlock. Plain index
 * builds share their table (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES).
 */
export function inEachOthersWay(one: Work, other: Work): boolean {
  if (sharesItsTable(one) && sharesItsTable(other)) return false;
  const tables = tablesOf(one);
  return tablesOf(other).some((table) => tables.includes(table));
}

/** Kinds that fill an index, and so may come as soon as a table's last row is there. */
const FILLING: readonly PostDataKind[] = ['key', 'key index', 'index', 'unique', 'exclusion'];

/** What is known when statements are taken ahead of their turn. */
export interface Ahead {
  /** Tables to which no row comes any more. */
  readonly complete: readonly TableName[];
  /** Only what the stream needs: expressions of other indexes may call what is still to be made. */
  readonly keysOnly: boolean;
  /** Builds that may run at a time, whichever visit has started them. */
  readonly sessions: number;
}

/**
 * Statements whose table is complete while others are still copied. The table with the most work comes first, so that no long build is left for
 * the end; of one table, its keys do, since they let nothing else be built beside them.
 */
export function readyAhead(all: readonly StatementStatus[], { complete, keysOnly, sessions }: Ahead, { underWay, tried }: Tries): Batch {
  const tables = new Set(complete.map(({ schema, table }) => JSON.stringify([schema, table])));
  const tableOf = ({ onSchema, onTable }: Work): string => JSON.stringify([onSchema, onTable]);
  const isKey = ({ kind }: Work): boolean => isKeyKind(kind);
  const open = all.filter((work) => work.state === 'open' && FILLING.includes(work.kind) && tables.has(tableOf(work)));
  const queue = open.filter((work) => !tried.has(work.ordinal) && (isKey(work) || !keysOnly));
  const bytes = new Map<string, number>();
  for (const work of open) bytes.set(tableOf(work), (bytes.get(tableOf(work)) ?? 0) + work.bytes);
  const size = (work: Work): number => bytes.get(tableOf(work)) ?? 0;
  const running = all.filter(({ state, ordinal }) => state === 'running' && !underWay.has(ordinal));
  return {
    queue: queue.toSorted((a, b) => size(b) - size(a) || Number(isKey(b)) - Number(isKey(a)) || a.ordinal - b.ordinal),
    running,
    sessions: Math.max(0, sessions - running.length),
  };
}
