/**
 * Runs the statements of a dump in a transaction that is open already. What the target refuses and no row depends on is passed over; whatever
 * else it refuses is collected, so that the operator learns of all of it at once.
 */
import { StatementFailed } from '../../config/errors.ts';
import type { Session } from '../../ports/database.ts';
import { dropPiece, piece } from './dump-session.sql.ts';
import { LeftBehind } from './left-behind.ts';
import type { DumpStatement } from './statements.ts';
import { endsEverything, lesserForms, mayStay } from './staying.ts';

/** A round trip to another cloud takes some milliseconds: one for each of 20,000 statements would be minutes. */
const BATCH_CHARACTERS = 262_144;
const BATCH_STATEMENTS = 200;

export type Batch = readonly DumpStatement[];
/** The session to which scripts are sent. */
type Scripts = Pick<Session, 'script'>;

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

const isSetting = ({ text }: DumpStatement): boolean => text.startsWith('SET ');

/** Statements that make one object between them, such as a text search configuration and its mappings: all of them or none. */
export function units(statements: readonly DumpStatement[]): DumpStatement[][] {
  const all: DumpStatement[][] = [];
  for (const statement of statements) {
    const [first] = all.at(-1) ?? [];
    if (first?.entry && first.entry === statement.entry && !isSetting(first) && !isSetting(statement)) all.at(-1)?.push(statement);
    else all.push([statement]);
  }
  return all;
}

/** A statement that the target refused, and with it the object that it makes. */
export interface Refusal {
  readonly statement: DumpStatement;
  readonly error: StatementFailed;
}

const textOf = (statements: readonly DumpStatement[]): string => statements.map(({ text }) => text).join('\n;\n');

/** Runs `text` as a whole or not at all. @returns the refusal; undefined where all went well */
export async function attempt(session: Scripts, text: string, afterwards: 'keep' | 'undo' = 'keep'): Promise<StatementFailed | undefined> {
  try {
    await session.script(piece(text, afterwards));
    return undefined;
  } catch (error) {
    if (!(error instanceof StatementFailed)) throw error;
    if (endsEverything(error.complaint.code)) return error;
    await session.script(dropPiece);
    return error;
  }
}

/** The outcome of the statements of a dump. */
export interface Applied {
  readonly left: LeftBehind;
  /** In the order of the dump, so that the first is no consequence of another. */
  readonly refused: readonly Refusal[];
}

/** @param left what has stayed behind so far; what stays now is added */
export async function apply(session: Scripts, all: readonly Batch[], left = new LeftBehind()): Promise<Applied> {
  const refused: Refusal[] = [];
  for (const batch of all) {
    const wanted = batch.filter((one) => !left.covers(one.text));
    if (!(await attempt(session, textOf(wanted)))) continue;
    for (const unit of units(wanted)) {
      if (left.covers(unit[0]?.text ?? '')) continue;
      const refusal = await applyUnit(session, unit, left);
      if (!refusal) continue;
      refused.push(refusal);
      if (endsEverything(refusal.error.complaint.code)) return { left, refused };
      left.miss(refusal.statement);
    }
  }
  return { left, refused };
}

async function applyUnit(session: Scripts, unit: readonly DumpStatement[], left: LeftBehind): Promise<Refusal | undefined> {
  const [statement, ...more] = unit;
  const error = await attempt(session, textOf(unit));
  if (!statement || !error) return undefined;
  const { code } = error.complaint;
  if (endsEverything(code)) return { statement, error };
  for (const { text, without } of lesserForms(statement.text, code)) {
    if (await attempt(session, textOf([{ ...statement, text }, ...more]))) continue;
    left.addPart(statement, without);
    return undefined;
  }
  if (mayStay(statement.text, code, !left.isEmpty)) {
    left.add(statement, error);
    return undefined;
  }
  // A table without a property that the target does not know, such as a way of compressing, is still the table.
  for (const single of more.length > 0 ? unit : []) {
    const fault = await attempt(session, single.text);
    if (fault && !mayStay(single.text, fault.complaint.code, !left.isEmpty)) return { statement: single, error: fault };
    if (fault) left.add(single, fault);
  }
  return more.length > 0 ? undefined : { statement, error };
}
