/**
 * The application's record: every write that a server acknowledged, by which server and when, and what each of its rows must look
 * like from then on. A row carries a token of its own and a version that counts its changes, so inserts, updates and deletes can all be
 * looked up again.
 */
import { DUPLICATE_KEY } from './refusals.ts';

/** The change of one row by a write. */
export interface Change {
  /** Name of the row's table among the workload's own. */
  readonly table: string;
  readonly token: string;
  /** 0 for a new row, one more at each update. */
  readonly version: number | 'deleted';
}

/** A row as a server has it. */
export interface FoundRow {
  readonly table: string;
  readonly token: string;
  readonly version: number;
}

/** A server said that a write was committed. */
export interface Acknowledgement {
  /** Milliseconds of a clock that never goes back. */
  readonly at: number;
  /** The database, as `placeOf` names it. */
  readonly place: string;
}

export interface Audit {
  /** Acknowledged writes of which some row is missing, too old, or there although it was deleted. */
  readonly lost: number;
  /** Rows that are there more often than once. */
  readonly duplicated: number;
}

const keyOf = ({ table, token }: Pick<Change, 'table' | 'token'>): string => JSON.stringify([table, token]);

export class Journal {
  readonly #writes: (readonly Change[])[] = [];
  readonly #acknowledgements: Acknowledgement[] = [];
  readonly #final = new Map<string, Change['version']>();
  #rejected = 0;
  #refusals = new Map<string, number>();
  #lastAcknowledged: number | undefined;
  #longestPauseMs = 0;

  get acknowledged(): number {
    return this.#writes.length;
  }

  /** In the order in which they arrived. Those that were looked up, because their acknowledgement was lost, are not among them. */
  get acknowledgements(): readonly Acknowledgement[] {
    return this.#acknowledgements;
  }

  /** Attempts that came back with an error, whatever the reason. Each was looked up and tried again. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Errors of statements that a server refused for themselves, which no application would tolerate, and their number. */
  get refusals(): readonly string[] {
    return [...this.#refusals].map(([words, times]) => `${words} (${times} times)`);
  }

  /** Number of duplicate keys. Every key of the writers is new, or comes from a sequence. */
  get duplicateKeys(): number {
    return [...this.#refusals].reduce((sum, [words, times]) => sum + (words.startsWith(DUPLICATE_KEY) ? times : 0), 0);
  }

  /** Longest time between two acknowledgements, of all writers together. */
  get longestPauseMs(): number {
    return Math.round(this.#longestPauseMs);
  }

  /**
   * @param place the database that acknowledged it; undefined where it was looked up, long after it had happened
   * @param now milliseconds of a clock that never goes back
   */
  acknowledge(changes: readonly Change[], place?: string, now: number = performance.now()): void {
    if (this.#lastAcknowledged !== undefined) this.#longestPauseMs = Math.max(this.#longestPauseMs, now - this.#lastAcknowledged);
    this.#lastAcknowledged = now;
    this.#writes.push(changes);
    if (place !== undefined) this.#acknowledgements.push({ at: now, place });
    for (const change of changes) this.#final.set(keyOf(change), change.version);
  }

  /** @param refusal the server's words, where it was not the connection that failed */
  reject(refusal?: string): void {
    this.#rejected += 1;
    if (refusal !== undefined) this.#refusals.set(refusal, (this.#refusals.get(refusal) ?? 0) + 1);
  }

  /** Compares with all rows of the workload that a server has. */
  audit(rows: Iterable<FoundRow>): Audit {
    const found = new Map<string, number>();
    let duplicated = 0;
    for (const row of rows) {
      const key = keyOf(row);
      const before = found.get(key);
      if (before !== undefined) duplicated += 1;
      found.set(key, Math.max(before ?? 0, row.version));
    }
    const isVisible = (change: Change): boolean => {
      const key = keyOf(change);
      const version = found.get(key);
      if (change.version === 'deleted') return version === undefined;
      if (version === undefined) return this.#final.get(key) === 'deleted';
      return version >= change.version;
    };
    return { lost: this.#writes.filter((changes) => !changes.every(isVisible)).length, duplicated };
  }
}
