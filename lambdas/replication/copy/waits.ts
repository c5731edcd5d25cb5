/** Locks that keep copies waiting: a session that holds one for a moment is not the cause, so a holder counts only if two looks find it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { REPLICATION_ROLE } from '../../config/names.ts';
import type { Reader } from '../../ports/database.ts';
import { type WaitingCopy, waitingCopies, waitingWorkers } from '../copy-progress.sql.ts';

export interface Wait extends WaitingCopy {
  readonly side: 'source' | 'target';
}

const BETWEEN_LOOKS_MS = 3_000;

async function waits(source: Reader, target: Reader, subscription: string): Promise<Wait[]> {
  return [
    ...(await source.query(waitingCopies(REPLICATION_ROLE))).map((wait): Wait => ({ ...wait, side: 'source' })),
    ...(await target.query(waitingWorkers(subscription))).map((wait): Wait => ({ ...wait, side: 'target' })),
  ];
}

/** The same session in the same transaction, some seconds apart. */
export async function lastingWaits(source: Reader, target: Reader, subscription: string): Promise<Wait[]> {
  const first = await waits(source, target, subscription);
  if (first.length === 0) return [];
  await sleep(BETWEEN_LOOKS_MS);
  const holders = new Set(first.map(({ side, holder }) => `${side} ${holder}`));
  return (await waits(source, target, subscription)).filter(({ side, holder }) => holders.has(`${side} ${holder}`));
}
