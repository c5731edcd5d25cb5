/** Carries the rows that extensions mark as their configuration from the side that serves to the other; may be repeated. */
import type { Exclusions } from '../config/input.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import { seeAllRows } from '../postgres/acting-role.sql.ts';
import { advanceSequence, lockRows, putRows, sequencePlace } from './extension-rows.sql.ts';
import { columnsOf, differenceOf, type MarkedPair, markedPairs, readRows, refusalOf, rowsOf, UNREADABLE } from './look.ts';

/** The result for one table, sequence or job. */
export interface Carried {
  readonly object: string;
  /** Rows that were made or changed. */
  readonly rows: number;
  /** Why something was not carried; null where all was. */
  readonly left: string | null;
}

/** One after the other, each in a transaction of its own, so that a refusal by the other side affects one table only. */
export async function carryRows(from: Reader, to: Database, input: Exclusions): Promise<Carried[]> {
  const carried: Carried[] = [];
  for (const pair of await markedPairs(from, to, input)) carried.push({ object: pair.object, ...(await carryPair(from, to, pair)) });
  return carried;
}

async function carryPair(from: Reader, to: Database, pair: MarkedPair): Promise<Omit<Carried, 'object'>> {
  const { obstacle, to: like } = pair;
  if (!like) return { rows: 0, left: obstacle ?? null };
  try {
    if (pair.from.kind === 'sequence') {
      const [place] = await from.query(sequencePlace(pair.from));
      if (place) await asWriter(to, (session) => session.query(advanceSequence(like, place)));
      return { rows: 0, left: null };
    }
    const columns = columnsOf(pair.from, like);
    const names = columns.map(({ name }) => name);
    const ours = await readRows(from, pair.from, names);
    if (!ours) return { rows: 0, left: UNREADABLE };
    return await asWriter(to, async (session) => {
      const theirs = await rowsOf(session, like, names);
      if (!theirs) return { rows: 0, left: UNREADABLE };
      const { toPut } = differenceOf(ours, theirs, like.key);
      if (toPut.length > 0) await session.query(putRows(like, columns, toPut));
      return { rows: toPut.length, left: null };
    });
  } catch (error) {
    return { rows: 0, left: refusalOf(error) };
  }
}

/** A transaction that sees and writes as many rows of extensions as we may, one visit at a time. */
export const asWriter = <Result>(to: Database, work: (session: Pick<Session, 'query' | 'script'>) => Promise<Result>): Promise<Result> =>
  to.transaction(async (session) => {
    await session.query(lockRows());
    await session.query(seeAllRows());
    return work(session);
  });
