/** Runs the statements of a dump in a transaction that is open already, and says which of them was refused. */
import type { Session } from '../contract.ts';
import { StatementFailed } from '../errors.ts';
import type { DumpStatement } from './statements.ts';

/** A round trip to another cloud takes some milliseconds: one for each of 20,000 statements would be minutes. */
const BATCH_CHARACTERS = 262_144;
const BATCH_STATEMENTS = 200;

export type Batch = readonly DumpStatement[];

/** Statements that travel together. */
export function batches(statements: readonly DumpStatement[]): Batch[] {
  const all: DumpStatement[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const statement of statements) {
    const last = all.at(-1);
    characters += statement.text.length;
    if (last && last.length < BATCH_STATEMENTS && characters <= BATCH_CHARACTERS) last.push(statement);
    else {
      all.push([statement]);
      characters = statement.text.length;
    }
  }
  return all;
}

/** The server refused one of a batch. */
export class BatchRefused extends Error {
  readonly batch: Batch;
  readonly refusal: StatementFailed;
  constructor(batch: Batch, refusal: StatementFailed) {
    super(refusal.message, { cause: refusal });
    this.batch = batch;
    this.refusal = refusal;
  }
}

/** @throws BatchRefused where the server refuses a statement; the transaction is lost then */
export async function apply(session: Pick<Session, 'script'>, all: readonly Batch[]): Promise<void> {
  for (const batch of all) {
    try {
      await session.script(batch.map(({ text }) => text).join('\n;\n'));
    } catch (error) {
      throw error instanceof StatementFailed ? new BatchRefused(batch, error) : error;
    }
  }
}

/** The same batches, one of them in single statements, so that a second attempt finds the one that is refused. */
export const singly = (all: readonly Batch[], suspect: Batch): Batch[] =>
  all.flatMap((batch) => (batch === suspect ? batch.map((statement) => [statement]) : [batch]));
