/** What becomes of a part that did not end within a visit. */
import type { Database, Reader } from '../ports/database.ts';
import type { PartCopy } from '../ports/part-copy.ts';
import { copyTablesNamed, leaveToStream, type OpenPart, type PartRange, splitPart } from '../state/copy-parts.sql.ts';
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

/** Several small tables in one part are left to the stream as well: something holds them up that a smaller part would meet, too. */
export async function splitOrLeave({ source, target }: SplitContext, { part, tables, range }: OpenPart): Promise<void> {
  const [only, ...others] = await target.query(copyTablesNamed(tables));
  const [now] = only && others.length === 0 ? await source.query(pagesNow(only)) : [];
  const halves = now && halvesOf(range, now.pages, await source.version());
  await target.query(halves ? splitPart(part, halves) : leaveToStream(tables, TOO_LONG));
}
