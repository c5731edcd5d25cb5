/** A slot made over the replication protocol, the only way that exports the snapshot with which its changes begin. */
import pg from 'pg';
import { TransientError } from '../../config/errors.ts';
import { applicationName } from '../../config/names.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { ExportedSlot } from '../../ports/part-copy.ts';
import {
  createExportedSlot as createStatement,
  dropIdleSlot,
  endReplicationConnection,
  OWN_PROCESS,
  replicationConnection,
} from '../../postgres/copy-sessions.sql.ts';
import type { SessionKind } from '../../postgres/session-pins.sql.ts';
import { connect } from './connect.ts';
import { openCopySession } from './copy-session.ts';
import { translate, type WholeWords } from './database-errors.ts';

const UNLIMITED: SessionKind = { mode: 'read only', statement: 0, lock: 0, idleInTransaction: 0 };
const PAUSE_MS = 50;
const LONGEST_END_MS = 20_000;
/** For the server to say goodbye. */
const GRACE_MS = 3_000;

/** Answer of CREATE_REPLICATION_SLOT. */
interface Made {
  readonly consistent_point: string;
  readonly snapshot_name: string;
}

/** Who makes the slot, and where. */
export interface SlotMaker {
  /** Of the replication role. */
  readonly settings: ConnectionSettings;
  readonly step: string;
  readonly log: WholeWords | undefined;
}

/**
 * @returns undefined where transactions that were open did not end within the limit; then there is no slot
 * @throws StatementFailed with what the server complained of, such as that the slot exists
 * @throws TransientError where the connection was lost, or what was begun could not be ended
 */
export async function createExportedSlot(maker: SlotMaker, name: string, limitMs: number): Promise<ExportedSlot | undefined> {
  const { settings, step, log } = maker;
  const { client } = await connect(settings, applicationName(step, 'slot'), UNLIMITED, log, { replication: 'database' });
  let pid = 0;
  let made: pg.QueryResult<Made> | undefined;
  try {
    pid = (await client.query<{ pid: number }>(OWN_PROCESS)).rows[0]?.pid ?? 0;
    made = await within(limitMs, client.query<Made>(createStatement(name)));
  } catch (error) {
    client.connection.stream.destroy();
    // A server that complains has dropped what it had begun; one that is not heard any more may go on.
    if (!(error instanceof pg.DatabaseError)) await removeHalfMade(maker, name, pid).catch(() => {});
    throw translate(error, settings, log);
  }
  const [slot] = made?.rows ?? [];
  if (slot) return { consistentPoint: slot.consistent_point, snapshot: slot.snapshot_name, end: () => endOf(client) };
  client.connection.stream.destroy();
  await removeHalfMade(maker, name, pid);
  return undefined;
}

/** @returns undefined where the time is over first */
async function within<Result>(limitMs: number, asked: Promise<Result>): Promise<Result | undefined> {
  asked.catch(() => {});
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), limitMs);
  try {
    return await Promise.race([asked, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that waits for transactions does not notice that its client has gone, so another session of the same role tells it. */
async function removeHalfMade({ settings, step, log }: SlotMaker, name: string, pid: number): Promise<void> {
  const session = await openCopySession(settings, applicationName(step, 'no slot'), 'read write', log);
  try {
    for (const until = performance.now() + LONGEST_END_MS; ; ) {
      await session.query(endReplicationConnection(pid));
      const [connection] = await session.query(replicationConnection(pid));
      if (!connection?.there) break;
      if (performance.now() > until) {
        throw new TransientError(
          `The slot ${name} could not be made in time, and process ${pid} of the source, which makes it, does not end. The slot goes with it. ` +
            'Nothing else was changed; it is tried again.',
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    await session.query(dropIdleSlot(name));
  } finally {
    await session.end();
  }
}

async function endOf(client: pg.Client): Promise<void> {
  const destroy = setTimeout(() => client.connection.stream.destroy(), GRACE_MS);
  await client.end().catch(() => {});
  clearTimeout(destroy);
}
