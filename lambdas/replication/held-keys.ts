/** Restores foreign keys that were held, once a side no longer subscribes. */
import { StatementFailed } from '../config/errors.ts';
import type { Database, Reader } from '../ports/database.ts';
import { limitStatements } from '../postgres/sessions.sql.ts';
import { type HeldKey, heldKeys, heldKeysExist, releaseKeys, validateKeys } from '../state/held-keys.sql.ts';

/** Much longer than tables take that are not replicated; beyond, a key stays NOT VALID, which still checks every new row. */
const LONGEST_MS = 60_000;

interface Missing {
  /** Those against which nothing is known. */
  readonly open: readonly HeldKey[];
  readonly refused: readonly HeldKey[];
}

async function missingOn(side: Reader): Promise<Missing> {
  const [there] = await side.query(heldKeysExist());
  const held = there?.exists ? (await side.query(heldKeys())).filter((key) => key.held) : [];
  return { open: held.filter(({ refused }) => !refused), refused: held.filter(({ refused }) => refused) };
}

/** Statements that make the keys which the server would not make again, for the operator to run when the cause is gone. */
export const refusedKeys = async (side: Reader): Promise<string[]> => (await missingOn(side)).refused.map(({ text }) => `${text};`);

/**
 * Made first and validated afterwards, in transactions of their own, so that the application can write meanwhile.
 * @returns whether all was carried out. False where tables are locked, and once where the server refuses a key, so that the visit that
 * follows can say so before the record goes
 */
export async function makeHeldKeys(side: Database): Promise<boolean> {
  const { open } = await missingOn(side);
  await side.query(releaseKeys());
  const looking = side.transaction(async (session) => {
    await session.query(limitStatements(LONGEST_MS));
    await session.query(validateKeys());
  });
  await looking.catch((error: unknown) => {
    if (!(error instanceof StatementFailed)) throw error;
  });
  if (open.length === 0) return true;
  const { open: locked, refused } = await missingOn(side);
  return locked.length === 0 && !open.some(({ text }) => refused.some((key) => key.text === text));
}
