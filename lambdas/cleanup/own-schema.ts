/** Artifacts that are removed under a lock of their own on either side: an interrupted switch, the subscription, and at last our schema. */
import type { Database, Session } from '../ports/database.ts';
import { dropSubscription } from '../replication/drop.ts';
import { cancelAttempts, gateExists, liftFence, restoreGate } from '../state/gates.sql.ts';
import { dropOwnSchema } from '../state/own-schema.sql.ts';
import { lockSchemaCopy } from '../state/schema-copy.sql.ts';
import { unpinWorkers } from '../state/worker-pins.sql.ts';
import { endingLockHolders } from '../switch/sessions.ts';

type Work<Result> = (session: Pick<Session, 'query'>) => Promise<Result>;

/** One clean-up at a time, and none while a schema is being copied. */
export const withSchemaLock = <Result>(side: Database, work: Work<Result>): Promise<Result> =>
  side.transaction(async (session) => {
    await session.query(lockSchemaCopy());
    return work(session);
  });

/** The same for work that opens a gate, for which the application may be waiting. */
const insistently = <Result>(side: Database, work: Work<Result>): Promise<Result> => endingLockHolders(side, withSchemaLock(side, work));

/**
 * Lifts a fence, and prevents a function that has read the gate before from raising one: the function of an aborted execution keeps running.
 * From here on no switch away from this side can be committed, and whether one was is settled.
 */
export const cancelSwitches = (side: Database): Promise<void> =>
  insistently(side, async (session) => {
    const [gate] = await session.query(gateExists());
    if (!gate?.exists) return;
    await session.query(liftFence());
    await session.query(cancelAttempts());
  });

export const unsubscribe = (side: Database, name: string): Promise<void> =>
  withSchemaLock(side, async (session) => {
    await dropSubscription(session, name);
    await session.query(unpinWorkers());
  });

/** The gate opens in the same transaction: only its table records the settings that the database had before. */
export const dropSchema = (side: Database): Promise<void> =>
  insistently(side, async (session) => {
    const [gate] = await session.query(gateExists());
    if (gate?.exists) await session.query(restoreGate());
    await session.query(dropOwnSchema());
  });
