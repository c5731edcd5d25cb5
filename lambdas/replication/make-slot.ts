/** Makes the slot on the source, and writes down its incarnation. */
import { randomUUID } from 'node:crypto';
import { ReplicationBroken, StatementFailed, VerificationError } from '../config/errors.ts';
import { LOOK_AGAIN_RESERVE_MS } from '../engine/reserves.ts';
import type { Database, Session } from '../ports/database.ts';
import { lock, setStatementTimeout } from '../postgres/sessions.sql.ts';
import { QUERY_CANCELED } from '../postgres/sqlstates.ts';
import { createSlotIncarnations, recordSlotIncarnation, type SlotIncarnation } from '../state/slot-incarnations.sql.ts';
import type { StreamHistory } from './history.ts';
import { createSlot, dropSlot } from './slots.sql.ts';

/** An attempt waits for every write transaction that is open; longer ones are reported to the operator, who may end them. */
const LONGEST_ATTEMPT_MS = 300_000;
const SHORTEST_ATTEMPT_MS = 1_000;

/** Runs `work` while no other visit makes or changes the same subscription; undefined where one does. */
export async function withAdvisoryLock<Result>(
  source: Database,
  name: string,
  work: (session: Session) => Promise<Result>,
): Promise<Result | undefined> {
  const session = await source.session('slot');
  try {
    const [taken] = await session.query(lock(name));
    return taken?.taken ? await work(session) : undefined;
  } finally {
    await session.end();
  }
}

/**
 * Without a subscription there is no history to keep, so a slot that an interrupted run left behind is dropped first: it would only make
 * the target read WAL from before its copy.
 * @returns the incarnation, or undefined where open transactions did not end in time; then the server has dropped the half-made slot
 */
export async function makeSlot(
  source: Database,
  session: Session,
  { name, slot, publication }: StreamHistory,
  remainingMs: number,
): Promise<SlotIncarnation | undefined> {
  if (!publication) throw new VerificationError('There is no publication to subscribe to. Nothing was changed. Start Replicate again.');
  if (slot) await session.query(dropSlot(name));
  await session.query(
    setStatementTimeout(Math.min(LONGEST_ATTEMPT_MS, Math.max(SHORTEST_ATTEMPT_MS, remainingMs - LOOK_AGAIN_RESERVE_MS))),
  );
  const point = await session.query(createSlot(name)).catch((error: unknown) => {
    if (error instanceof StatementFailed && error.complaint.code === QUERY_CANCELED) return [];
    throw error;
  });
  if (!point[0]) return undefined;
  const incarnation: SlotIncarnation = { id: randomUUID(), consistentPoint: point[0].point, publication: publication.oid };
  await source.transaction(async (transaction) => {
    await transaction.query(createSlotIncarnations());
    await transaction.query(recordSlotIncarnation(name, incarnation));
  });
  return incarnation;
}

/**
 * A slot of our name that no subscription explains is dropped and made anew, unless it is somebody else's.
 * @throws ReplicationBroken for a slot that is not ours to replace
 */
export function demandReplaceable({ name, database, slot }: Pick<StreamHistory, 'name' | 'database' | 'slot'>): void {
  if (!slot) return;
  const foreign = slot.plugin !== 'pgoutput' || slot.database !== database;
  if (!foreign && (!slot.active || slot.heldByUs)) return;
  const reason = foreign
    ? 'belongs to something else'
    : `is in use by process ${slot.activePid}, which no subscription on the target explains`;
  throw new ReplicationBroken(
    `The replication slot ${name} is there already and ${reason}. Nothing was changed. ` +
      'Find out who uses it, drop it with pg_drop_replication_slot on the source, then start Replicate again.',
  );
}
