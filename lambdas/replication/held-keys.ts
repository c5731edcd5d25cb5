/** What becomes of foreign keys that were held, once a side no longer subscribes. */
import type { Database } from '../contract.ts';
import { StatementFailed } from '../errors.ts';
import { releaseKeys, validateKeys } from '../sql/held-keys.ts';
import { limitStatements } from '../sql/sessions.ts';

/** Much longer than tables take that nobody moves; beyond, a key stays NOT VALID, which holds for every row that comes. */
const LONGEST_MS = 60_000;

/** Made first and looked through afterwards, in transactions of their own, so that the application can write meanwhile. */
export async function makeHeldKeys(side: Database): Promise<void> {
  await side.query(releaseKeys());
  const looking = side.transaction(async (session) => {
    await session.query(limitStatements(LONGEST_MS));
    await session.query(validateKeys());
  });
  await looking.catch((error: unknown) => {
    if (!(error instanceof StatementFailed)) throw error;
  });
}
