/** What becomes of a part that did not end within a visit. */
import type { Database, Reader } from '../ports/database.ts';
import type { PartCopy } from '../ports/part-copy.ts';
import { holdParts, type OpenPart, type PartRange, splitPart } from '../state/copy-parts.sql.ts';
import { copyTablesNamed, leaveToStream } from '../state/copy-tables.sql.ts';
import { PAGE_RANGES_SINCE } from './plan-parts.ts';
import { pagesNow } from './statements.sql.ts';

interface SplitContext {
  readonly source: Reader;
  readonly target: Database;
  readonly copy: Pick<PartCopy, 'role'>;
}

/** For the operator, who finds it with the table. */
const TOO_LONG = 'a part of it did not end within a visit of a function, and cannot be split';

/** Halves of a range of pages, or of a table; undefined where it has one page, or where the source cannot read a range of pages. */
export function halvesOf(range: PartRange | null, pages: number, version: number): readonly [PartRange, PartRange] | undefined {
  if (version < PAGE_RANGES_SINCE || (range !== null && !('pages' in range))) return undefined;
  const [from, to] = range?.pages ?? [0, null];
  const middle = Math.floor((from + Math.max(from, to ?? pages)) / 2);
  return middle > from ? [{ pages: [from, middle] }, { pages: [middle, to] }] : undefined;
}

/**
 * Several small tables in one part are left to the stream as well: something holds them up that a smaller part would meet, too.
 * @param xid of the attempt that did not end; without one, and where somebody else has begun it meanwhile, the part stays as it is
 */
export async function splitOrLeave(
  { source, target }: SplitContext,
  { part, tables, range }: OpenPart,
  xid: string | undefined,
): Promise<void> {
  if (xid === undefined) return;
  const [only, ...others] = await target.query(copyTablesNamed(tables));
  const [now] = only && others.length === 0 ? await source.query(pagesNow(only)) : [];
  const halves = now && halvesOf(range, now.pages, await source.version());
  if (!halves) {
    await target.query(leaveToStream(tables, TOO_LONG));
    return;
  }
  await target.transaction(async (session) => {
    await session.query(holdParts());
    await session.query(splitPart(part, xid, halves));
  });
}
