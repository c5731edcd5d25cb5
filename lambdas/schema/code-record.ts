/**
 * The record of code, rules of access and extensions, beside that of what holds rows: on the source before the dump, on the target when it
 * is complete.
 */
import type { Exclusions } from '../config/input.ts';
import type { Reader, Session } from '../ports/database.ts';
import { pinPrinting } from '../postgres/session-pins.sql.ts';
import { addListToBaseline, addToBaseline, beginBaseline } from '../state/schema-baseline.sql.ts';
import { STAY_BEHIND } from './aurora-extensions.ts';
import { type CodeObject, codeObjects, listOfCode } from './code-objects.sql.ts';

/** Milliseconds that listing may take, as long as any look may. */
const LONGEST_MS = 300_000;
/** Objects that travel to the target at a time: about a megabyte. */
const AT_ONCE = 5_000;

/** Everything in one state of the database, and printed the same way whatever is set for the role or the database. */
export const codeOf = (side: Reader, exclusions: Exclusions): Promise<CodeObject[]> =>
  side.snapshot(async (snapshot) => {
    await snapshot.query(pinPrinting(true, LONGEST_MS));
    return snapshot.query(codeObjects(exclusions, STAY_BEHIND));
  });

/** In the transaction that copies the schema. @param objects as they were on the source before the dump began */
export async function recordSourceCode(session: Pick<Session, 'query'>, objects: readonly CodeObject[]): Promise<void> {
  await session.query(beginBaseline('source code'));
  for (let from = 0; from < objects.length; from += AT_ONCE) {
    await session.query(addToBaseline('source code', objects.slice(from, from + AT_ONCE)));
  }
}

/** As the target is now, once: what was recorded before stays. Expects printing to be pinned. */
export async function recordTargetCode(session: Pick<Session, 'query'>, exclusions: Exclusions): Promise<void> {
  const [begun] = await session.query(beginBaseline('target code'));
  if (begun) await session.query(addListToBaseline('target code', listOfCode(exclusions, STAY_BEHIND)));
}
