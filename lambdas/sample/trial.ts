/**
 * Tries rows at the target: batches of tables in a transaction each, a table that refuses something row by row. Each trial is rolled back. What
 * fails in one table hides nothing in another, and what takes too long is reported and passed over.
 */
import { StatementFailed, TransientError } from '../config/errors.ts';
import type { LowSession } from '../ports/database.ts';
import { CHECK_VIOLATION, INSUFFICIENT_PRIVILEGE, OBJECT_NOT_IN_PREREQUISITE_STATE, QUERY_CANCELED } from '../postgres/sqlstates.ts';
import { evaluatedBy, inWords, isPremature, keyOfRow, type Refusal, refusalOf } from './refusals.ts';
import type { Portion } from './sample-rows.sql.ts';
import type { Expression, SampledTable, SampledView } from './sample-tables.sql.ts';
import * as trial from './sample-trial.sql.ts';

export type Row = readonly (string | null)[];
export interface Sample {
  readonly table: SampledTable;
  readonly rows: readonly Row[];
  /** Expressions that an insertion does not evaluate by itself. */
  readonly expressions: readonly Expression[];
}

/** A statement; a session that takes longer is given up soon after. */
export const LIMIT_MS = 5_000;
/** Of a table that took too long as a whole, so few rows may still show what fails. */
const FEW_ROWS = 3;
/** Failures of one table, each of another kind. */
const MOST_A_TABLE = 5;
const MOST_REFUSALS = 500;

const VIEW_NOT_POPULATED = OBJECT_NOT_IN_PREREQUISITE_STATE;
const isSlow = (error: unknown): boolean => error instanceof StatementFailed && error.complaint.code === QUERY_CANCELED;
const isUntried = (error: unknown): error is StatementFailed =>
  error instanceof StatementFailed && [INSUFFICIENT_PRIVILEGE, VIEW_NOT_POPULATED].includes(error.complaint.code ?? '');

export class Trial {
  readonly refusals: Refusal[] = [];
  readonly slow: string[] = [];
  readonly untried: string[] = [];
  readonly #open: () => Promise<LowSession>;
  readonly #isOver: () => boolean;
  #session: LowSession | undefined;

  /** @param open a new session, once the one before has ended at the server too @param isOver whether there is no time for more */
  constructor(open: () => Promise<LowSession>, isOver: () => boolean) {
    this.#open = open;
    this.#isOver = isOver;
  }

  /** Number of those found beyond those that are kept. */
  unlisted = 0;
  /** Names of the tables that did not pass as a whole. */
  readonly stopped = new Set<string>();

  async tables(samples: readonly Sample[]): Promise<void> {
    for (let from = 0; from < samples.length; ) {
      const going = samples.slice(from);
      if (this.#isOver()) {
        this.untried.push(...going.map(({ table }) => `table ${table.name}: there was no time for it`));
        return;
      }
      const failed = await this.#attempt(going);
      if (failed === undefined) return;
      await this.#singly(going[failed] as Sample);
      from += failed + 1;
    }
  }

  /** @param samples of the tables that it reads */
  async view({ name, definition }: SampledView, samples: readonly Sample[]): Promise<void> {
    if (this.#isOver()) {
      this.untried.push(`materialized view ${name}: there was no time for it`);
      return;
    }
    try {
      await this.#rolledBack(async (session) => {
        if (samples.length > 0) await session.query(trial.emptyForTrial(samples.map(({ table }) => table)));
        for (const sample of samples) await insert(session, sample);
        await session.query(trial.evaluateView(definition));
      });
    } catch (error) {
      this.#note(`materialized view ${name}`, error, { key: undefined, what: undefined });
    }
  }

  async end(): Promise<void> {
    await this.#session?.end();
  }

  /** Several tables in one transaction. @returns the index of the first that does not pass as a whole */
  async #attempt(samples: readonly Sample[]): Promise<number | undefined> {
    let place = 0;
    try {
      await this.#rolledBack(async (session) => {
        await session.query(trial.emptyForTrial(samples.map(({ table }) => table)));
        for (const sample of samples) {
          await insert(session, sample);
          if (!(await passes(session, sample))) throw new Objection();
          place += 1;
        }
      });
      return undefined;
    } catch (error) {
      if (error instanceof SessionLost || error instanceof StatementFailed || error instanceof Objection) return place;
      throw error;
    }
  }

  /** One table by itself, row by row, so that each kind of failure is reported with a row. */
  async #singly(sample: Sample): Promise<void> {
    const { table } = sample;
    this.stopped.add(table.name);
    const refusals = new Map<string, Refusal>();
    const premature = new Set<string>();
    const began = Date.now();
    try {
      await this.#rolledBack(async (session) => {
        await session.query(trial.emptyForTrial([table]));
        for (const [at, row] of sample.rows.entries()) {
          if (at >= FEW_ROWS && (this.#isOver() || Date.now() - began > LIMIT_MS)) break;
          await session.query(trial.saveTrial());
          for (const { refusal, isOpen } of await objectionsTo(session, sample, row)) {
            if (isOpen) {
              premature.add(`table ${table.name}: ${refusal.what} reads other tables, and refuses rows while these are empty`);
              continue;
            }
            const kind = `${refusal.what} ${refusal.words}`;
            const known = refusals.get(kind);
            refusals.set(kind, known ? { ...known, rows: known.rows + 1 } : refusal);
          }
          await session.query(trial.backToSaved());
        }
      });
      if (refusals.size + premature.size === 0) await this.#rolledBack((session) => wholeAgain(session, sample)); // what only several rows together do
    } catch (error) {
      this.#note(`table ${table.name}`, error, { key: undefined, what: undefined }, table);
    }
    this.untried.push(...premature);
    this.#keep([...refusals.values()].slice(0, MOST_A_TABLE));
  }

  /** Records the error that ended a trial of a table or a view. @throws an error that says nothing about it */
  #note(where: string, error: unknown, rest: Pick<Refusal, 'key' | 'what'>, table?: SampledTable): void {
    if (isSlow(error) || error instanceof SessionLost) this.slow.push(where);
    else if (isUntried(error)) this.untried.push(`${where}: ${error.message}`);
    else if (error instanceof StatementFailed) this.#keep([refusalOf(where, error, rest, table)]);
    else throw error;
  }

  #keep(refusals: readonly Refusal[]): void {
    const room = Math.max(0, MOST_REFUSALS - this.refusals.length);
    this.refusals.push(...refusals.slice(0, room));
    this.unlisted += Math.max(0, refusals.length - room);
  }

  /** @throws SessionLost where the session went under a statement, and another one could be had */
  async #rolledBack(work: (session: LowSession) => Promise<void>): Promise<void> {
    this.#session ??= await this.#open();
    const session = this.#session;
    try {
      await session.query(trial.beginTrial());
      await session.query(trial.asApplyWorker(LIMIT_MS));
      await work(session);
      await session.query(trial.rollBackTrial());
    } catch (error) {
      if (!session.isLost) {
        await session.query(trial.rollBackTrial());
        throw error;
      }
      await session.end();
      this.#session = undefined;
      this.#session = await this.#open();
      throw new SessionLost('The session of the trial was lost under a statement.', { cause: error });
    }
  }
}

/** A valid constraint that an insertion did not evaluate is not met. */
class Objection extends Error {}
/** Under a statement: it heeded no limit, ended its own session, or the network did. Another session could be had. */
class SessionLost extends TransientError {}

async function insert(session: LowSession, { table, rows }: Pick<Sample, 'table' | 'rows'>): Promise<void> {
  const most = Math.max(1, Math.floor(trial.MOST_PARAMETERS / table.columns.length));
  for (let from = 0; from < rows.length; from += most) await session.query(trial.insertSample(table, rows.slice(from, from + most)));
}

async function passes(session: LowSession, { table, expressions }: Pick<Sample, 'table' | 'expressions'>): Promise<boolean> {
  if (expressions.length === 0) return true;
  const [said] = await session.query(trial.evaluateExpressions(table, expressions));
  return said !== undefined && Object.values(said).every(Boolean);
}

async function wholeAgain(session: LowSession, sample: Sample): Promise<void> {
  await session.query(trial.emptyForTrial([sample.table]));
  await insert(session, sample);
  await passes(session, sample);
}

const isAboutTheRow = (error: unknown): error is StatementFailed => error instanceof StatementFailed && !isSlow(error) && !isUntried(error);

interface Objected {
  readonly refusal: Refusal;
  /** Whether it may be another matter once other tables are filled. */
  readonly isOpen: boolean;
}

/** Everything that fails for one row. Afterwards the transaction has to go back to where it was saved. */
async function objectionsTo(session: LowSession, { table, expressions }: Sample, row: Row): Promise<Objected[]> {
  const key = keyOfRow(table, row);
  const objected = (error: unknown, what?: string): Objected => {
    if (!isAboutTheRow(error)) throw error;
    const refusal = refusalOf(`table ${table.name}`, error, { key, what: what ?? evaluatedBy(error, table) }, table);
    return { refusal, isOpen: isPremature(error, table) };
  };
  try {
    await insert(session, { table, rows: [row] });
  } catch (error) {
    return [objected(error)];
  }
  const found: Objected[] = [];
  for (const one of expressions) {
    // The expression before may have failed, and then the row has to be put back first.
    if (found.length > 0) {
      await session.query(trial.backToSaved());
      await insert(session, { table, rows: [row] });
    }
    try {
      if (await passes(session, { table, expressions: [one] })) continue;
      found.push(
        objected(new StatementFailed(`the row breaks ${one.name}`, { code: CHECK_VIOLATION, constraint: one.name }), inWords(one)),
      );
    } catch (error) {
      found.push(objected(error, inWords(one)));
    }
  }
  return found;
}

/** The rows that came back for a portion. */
export const sampleOf = ({ table }: Portion, rows: readonly Row[], isThere: (one: Expression, table: SampledTable) => boolean): Sample => ({
  table,
  rows,
  expressions: table.expressions.filter((one) => one.kind !== 'generated' && !isThere(one, table)),
});
