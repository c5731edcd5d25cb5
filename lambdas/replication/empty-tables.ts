/**
 * Empty tables need no copy, and a copy of nothing costs 60 ms: a worker, a login, a slot, a snapshot, each on its own. Where there are
 * thousands of them they are added at once, as ready.
 *
 * Nothing is lost: all tables are published before the slot is made, so the stream has every change that was committed after the slot's
 * consistent point C. A table counts as empty if its file has no page at a moment L after C, and then no query sees a row in it; the
 * target's has neither page nor row.
 * - A row that was there at C is gone by L: a committed DELETE or TRUNCATE took it away, which is in the stream. Its updates and its end find
 *   nothing on the target and are passed over.
 * - A row that came after C is inserted by the stream, and changed and deleted by it in the order of the source's commits.
 * - So the target holds at every position of the stream a part of what the source held there, never another row of the same key, and
 *   none at all where the source held none. The same is true of copies of a row counted by their content, where `replica identity full`
 *   tells rows apart by nothing else.
 * - A transaction that is open at C is waited for by the slot. One that is open at L and has inserted rows has made pages, unless
 *   it has truncated or rewritten the table itself: then it holds the table locked, and the table is passed over. A prepared one is no different.
 * - A page that VACUUM cuts off held no row that any session could still see.
 * Partitions and children of inheritance are tables of their own here, measured without what hangs below them.
 */
import type { TableName } from '../config/input.ts';
import { SCHEMA } from '../config/names.ts';
import { keyOf, missingFrom } from '../config/tables.ts';
import type { Database, Reader } from '../ports/database.ts';
import {
  createEmptyPublication,
  dropEmptyPublication,
  filesWithoutPages,
  listAsEmpty,
  tablesWithoutPages,
  tablesWithRows,
} from './empty-tables.sql.ts';

/** Fewer are copied as all others are, in a second or two. */
const FEWEST = 20;
/** Tables in one transaction or statement, each of which takes an entry in the lock table, and so does each of its indexes. */
const AT_ONCE = 200;

const inParts = <Item>(items: readonly Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, part) => items.slice(part * AT_ONCE, (part + 1) * AT_ONCE));

/** Published tables that are empty on both sides. To be asked after the slot was made, and before anything is streamed. */
export async function emptyTables(source: Reader, target: Reader): Promise<TableName[]> {
  const candidates = await source.query(tablesWithoutPages(SCHEMA));
  if (candidates.length < FEWEST) return [];
  const there = new Set((await target.query(filesWithoutPages())).map(keyOf));
  let empty = candidates.filter((table) => there.has(keyOf(table)));
  for (const side of [source, target]) {
    for (const some of inParts(empty)) empty = missingFrom(await side.query(tablesWithRows(some)), empty);
  }
  return empty.length < FEWEST ? [] : empty;
}

/** Lists them in a publication of their own, for as long as `work` takes. One that an interrupted visit has left is dropped first. */
export async function listedAsEmpty(source: Database, empty: readonly TableName[], work: () => Promise<void>): Promise<void> {
  await source.query(dropEmptyPublication());
  const [first = [], ...others] = inParts(empty);
  await source.query(createEmptyPublication(first));
  for (const some of others) await source.query(listAsEmpty(some));
  await work();
  await source.query(dropEmptyPublication());
}
