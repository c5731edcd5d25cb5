/** Puts FORCE ROW LEVEL SECURITY back where it was held, once a side no longer subscribes, and names what is not as it should be. */
import type { Database, Reader } from '../ports/database.ts';
import { qualified } from '../postgres/quote.ts';
import { forcedUnder, type HeldForce, heldForce, heldForceExists, releaseForce } from '../state/held-force.sql.ts';

const named = ({ schema, table }: Pick<HeldForce, 'schema' | 'table'>): string => qualified(schema, table);

/** Every table that is or was held on a side. */
export async function heldForceOn(side: Reader): Promise<HeldForce[]> {
  const [there] = await side.query(heldForceExists());
  return there?.exists ? side.query(heldForce()) : [];
}

/** Statements of what the server would not put back, for the operator to run when the cause is gone. */
export const refusedForce = async (side: Reader): Promise<string[]> =>
  (await heldForceOn(side)).filter(({ held, refused }) => held && refused).map((one) => forceAgain(named(one)));

const forceAgain = (table: string): string => `alter table only ${table} force row level security;`;

/**
 * @returns whether all was carried out. False where tables are locked, and once where the server refuses one, so that the visit that follows
 * can say so before the record goes
 */
export async function forceHeld(side: Database): Promise<boolean> {
  const open = (await heldForceOn(side)).filter(({ held, refused }) => held && !refused);
  await side.query(releaseForce());
  if (open.length === 0) return true;
  const left = new Set((await heldForceOn(side)).filter(({ held }) => held).map(named));
  return !open.some((one) => left.has(named(one)));
}

/** What a committed switch has still to do, in words. @param next the stream to which the side that was left subscribes */
export async function forceLeft({
  from,
  to,
  next,
}: {
  readonly from: Reader;
  readonly to: Reader;
  readonly next: string;
}): Promise<string[]> {
  const unforced = (await heldForceOn(to)).filter(({ held, refused }) => held && !refused);
  const forced = await from.query(forcedUnder(next));
  return [
    ...unforced.map((one) => `the row-level security of ${named(one)} does not bind its owner yet`),
    ...forced.map((one) => `the row-level security of ${named(one)} stops the subscription ${next}`),
  ];
}
