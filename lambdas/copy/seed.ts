/**
 * What parts are read from: a fixed state of the source. Here it is a snapshot, exported by the slot whose changes follow it, and kept by a session on
 * the source that imports it, exports it again and sleeps in a statement without a client. A copy of the cluster can stand in its place.
 */
import { randomUUID } from 'node:crypto';
import { StatementFailed, VerificationError } from '../config/errors.ts';
import { applicationName } from '../config/names.ts';
import type { Database, Reader } from '../ports/database.ts';
import type { CopySession, PartCopy } from '../ports/part-copy.ts';
import { INVALID_PARAMETER_VALUE, OBJECT_NOT_IN_PREREQUISITE_STATE, UNDEFINED_OBJECT } from '../postgres/sqlstates.ts';
import type { Seed } from '../state/copy-plan.sql.ts';
import * as sql from './statements.sql.ts';

/** The state cannot be read any more: its holder is gone. */
export class SeedLost extends Error {
  override readonly name = 'SeedLost';
}

/** A fixed state of the source. */
export interface SeedSource {
  /** Whether it can still be read. */
  isThere(source: Reader, seed: Seed): Promise<boolean>;
  /** Begins a transaction that reads it. @throws SeedLost */
  begin(session: CopySession, seed: Seed): Promise<void>;
  /** Ends whatever keeps it, and what earlier attempts have left. Safe to repeat. */
  end(copy: PartCopy): Promise<void>;
}

/** By the server's versions: "snapshot does not exist", "invalid snapshot identifier", "could not import the requested snapshot". */
const NOT_THERE = new Set([UNDEFINED_OBJECT, INVALID_PARAMETER_VALUE, OBJECT_NOT_IN_PREREQUISITE_STATE]);

const GONE = 'The snapshot that parts are read from is gone.';

/** @throws SeedLost where no snapshot has the name */
async function takeSnapshot(session: CopySession, snapshot: string): Promise<void> {
  try {
    await session.query(sql.beginIn(snapshot));
  } catch (error) {
    if (error instanceof StatementFailed && NOT_THERE.has(error.complaint.code ?? '')) throw new SeedLost(GONE, { cause: error });
    throw error;
  }
}

export const snapshotSeed: SeedSource = {
  async isThere(source, { holder, holderName }) {
    const [state] = await source.query(sql.isHolding(holder, holderName));
    return state?.there ?? false;
  },

  /** After a restart the name of the snapshot may be that of another. While its holder is there, it is ours. */
  async begin(session, { snapshot, holder, holderName }) {
    await takeSnapshot(session, snapshot);
    const [state] = await session.query(sql.isHolding(holder, holderName));
    if (!state?.there) throw new SeedLost(GONE);
  },

  async end(copy) {
    const session = await copy.openSource('ending');
    try {
      await session.query(sql.endHolders());
    } finally {
      await session.end();
    }
  },
};

const PAUSE_MS = 20;
const LONGEST_FALL_MS = 20_000;

/** Imports an exported snapshot and keeps it, without a client of ours. @param exported by a session that is still there */
export async function holdSnapshot(copy: PartCopy, exported: string): Promise<Omit<Seed, 'incarnation'>> {
  const tag = sql.holderTag(randomUUID().slice(0, 8));
  const holder = await copy.openSource(tag);
  try {
    await takeSnapshot(holder, exported);
    const [own] = await holder.query(sql.exportSnapshot());
    if (!own) throw new VerificationError('The snapshot could not be exported again. Nothing was changed. Start Replicate again.');
    holder.send(sql.holdSnapshot());
    await untilAsleep(copy, holder.pid);
    return { snapshot: own.snapshot, holder: holder.pid, holderName: applicationName('SeedCopy', tag) };
  } finally {
    holder.leave();
  }
}

async function untilAsleep(copy: PartCopy, pid: number): Promise<void> {
  const observer = await copy.openSource('watching');
  try {
    for (const until = Date.now() + LONGEST_FALL_MS; ; ) {
      const [state] = await observer.query(sql.isAsleep(pid));
      if (state?.asleep) return;
      if (Date.now() > until)
        throw new VerificationError('The session that holds the snapshot does not fall asleep. Start Replicate again.');
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    await observer.end();
  }
}

/** Ends, on the source, whatever holds a snapshot, as whoever may: for a clean-up, which has no password of the replication role. */
export async function endHoldersAs(source: Database): Promise<void> {
  await source.query(sql.endAllHolders());
}
