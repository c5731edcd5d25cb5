/**
 * Copies whose end was lost. When a table's copy has caught up, its worker on the target drops the copy's slot on the source and only then
 * commits that it is done. A restart of the target in between, or a crash that loses that commit, leaves a table that counts as copied
 * but not as caught up, and whose worker asks for a slot that is gone, for ever. What was streamed past it meanwhile was passed
 * over, so the slot must never be made anew: the table is emptied and copied again.
 */
import type { TableName } from '../config/input.ts';
import { keyOf, missingFrom } from '../config/tables.ts';
import type { Database, Reader } from '../ports/database.ts';
import { createResyncs, forgetResyncs, recordResyncs, resyncs, resyncsExist } from '../state/resyncs.sql.ts';
import { lockPublication, publicationList, publishAlso, publishNoMore } from './publications.sql.ts';
import { copySlotsThere } from './slots.sql.ts';
import { refresh, takeIn } from './subscribe.ts';
import { type FinishedCopy, finishedCopies, subscribedTables } from './subscriptions.sql.ts';

const isIdle = ({ working }: FinishedCopy): boolean => !working;

/**
 * Tables that wait for a slot that is gone. A worker drops the slot a moment before it commits, so a table counts only if it still
 * waits after the slot was seen to be gone, with no worker at it: then the worker that dropped the slot has ended and committed nothing.
 */
export async function orphanedCopies(source: Reader, target: Reader, name: string): Promise<TableName[]> {
  const before = (await target.query(finishedCopies(name))).filter(isIdle);
  if (before.length === 0) return [];
  const there = new Set((await source.query(copySlotsThere(before))).map(({ prefix }) => prefix));
  const orphaned = new Set(before.filter(({ slotPrefix }) => !there.has(slotPrefix)).map(keyOf));
  const after = (await target.query(finishedCopies(name))).filter(isIdle);
  return after.filter((table) => orphaned.has(keyOf(table))).map(({ schema, table }) => ({ schema, table }));
}

/** Tables of which an interrupted visit has begun to make the copy anew. */
export async function recordedResyncs(target: Reader): Promise<TableName[]> {
  const [noted] = await target.query(resyncsExist());
  return noted?.exists ? target.query(resyncs()) : [];
}

/**
 * Only the publication can take one table out of a subscription, so the table is dropped from it and added again. The note is
 * written first and removed last; whatever comes between may be interrupted, and `refresh` empties a noted table before its new copy.
 */
export async function resync(
  source: Database,
  target: Database,
  name: string,
  orphaned: readonly TableName[],
  remainingMs: () => number,
): Promise<void> {
  if (orphaned.length > 0) {
    await target.query(createResyncs());
    await target.query(recordResyncs(orphaned));
    await source.transaction(async (session) => {
      await session.query(lockPublication());
      const [publication] = await session.query(publicationList());
      const listed = missingFrom(missingFrom(publication?.tables ?? [], orphaned), orphaned);
      if (listed.length > 0) await session.query(publishNoMore(listed));
    });
    await takeIn(target, name, remainingMs());
  }
  const noted = await recordedResyncs(target);
  await source.transaction(async (session) => {
    await session.query(lockPublication());
    const [publication] = await session.query(publicationList());
    const absent = missingFrom(publication?.tables ?? [], noted);
    if (publication && absent.length > 0) await session.query(publishAlso(absent));
  });
  const added = missingFrom(await target.query(subscribedTables(name)), noted);
  if (added.length > 0) await refresh(target, name, added, remainingMs());
  await target.query(forgetResyncs(noted));
}
