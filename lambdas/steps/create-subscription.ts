/**
 * Guide A, step 4, and guide W, step 7, in the order that survives interruption: the slot, the subscription without connecting, then
 * enable and refresh. CREATE SUBSCRIPTION that makes its own slot cannot be part of a transaction, and goes on when its client has gone.
 */

import { MigrationError, VerificationError } from '../config/errors.ts';
import type { TableName } from '../config/input.ts';
import { keyOf, missingFrom } from '../config/tables.ts';
import { demandSlot, planOn } from '../copy/progress.ts';
import type { Acting, Looking, Verdict } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import type { Database, Reader } from '../ports/database.ts';
import { isConnectionOf, streamConnection } from '../replication/connection.ts';
import { demandOurs } from '../replication/demand-ours.ts';
import { dropSubscription } from '../replication/drop.ts';
import { dropEmptyPublication } from '../replication/empty-tables.sql.ts';
import { emptyTables, listedAsEmpty } from '../replication/empty-tables.ts';
import { demandNotDisabled, release } from '../replication/held.ts';
import { broken, continuityViolation, hasCopied, lookAtHistory, type StreamHistory } from '../replication/history.ts';
import { demandReplaceable, makeSlot, withAdvisoryLock } from '../replication/make-slot.ts';
import { type OpenWriter, openWriters } from '../replication/slots.sql.ts';
import { streamOptions } from '../replication/stream-options.ts';
import { reconnect, refresh, subscribe, subscribeKnowing } from '../replication/subscribe.ts';
import { noteSubscriber } from '../replication/subscriber.ts';
import {
  type StreamOptions,
  setStreamOptions,
  setSynchronousCommit,
  subscriptionState,
  synchronousCommitOf,
} from '../replication/subscriptions.sql.ts';
import { ensureTargetReader, isTargetReaderComplete, lookAtTargetReader, type TargetReader } from '../replication/target-reader.ts';
import { tablesNeedingText } from '../replication/types.sql.ts';
import { completeTables } from '../state/copy-tables.sql.ts';
import { forcedUnder, holdForce } from '../state/held-force.sql.ts';
import { pinWorkers, workerPinsMissing } from '../state/worker-pins.sql.ts';

/** Transactions to name in the evidence, oldest first. */
const WRITERS_SHOWN = 5;

type Ports = 'source' | 'target' | 'replication';

interface Seen {
  readonly history: StreamHistory;
  /** Never leaves the function: it holds the password. */
  readonly connection: string;
  readonly stream: StreamOptions;
  /** Whether what is applied is stored before it is confirmed. */
  readonly durable: boolean;
  /** Whether the workers on the target read every value as it is printed. */
  readonly pinned: boolean;
  /** Number of tables that force row-level security on their owners, and so would stop the stream. */
  readonly forced: number;
  /** The role with which the target will be compared. */
  readonly reader: TargetReader;
  /** Transactions for which a slot that is yet to be made has to wait. */
  readonly waitsFor: readonly OpenWriter[];
  /** Tables that a copy in parts has brought; undefined where the subscription copies all. */
  readonly copied: readonly TableName[] | undefined;
}

/** @throws VerificationError where a copy in parts has not come to its end @throws ReplicationBroken where its slot is not there any more */
async function copiedInParts(target: Reader, history: StreamHistory): Promise<readonly TableName[] | undefined> {
  const plan = await planOn(target);
  if (!plan) return undefined;
  if (!plan.finished) {
    throw new VerificationError(
      'Rows are still being copied in parts, so the changes cannot be streamed yet. Nothing was changed. Start Replicate again.',
    );
  }
  if (!history.subscription) demandSlot(history, plan);
  const published = new Set((history.publication?.tables ?? []).map(keyOf));
  return (await target.query(completeTables())).filter((table) => published.has(keyOf(table)));
}

async function look({ source, target, replication }: Looking<Ports>): Promise<Seen> {
  await demandOurs('source', source);
  await demandOurs('target', target);
  const history = await lookAtHistory(source, target);
  const [commit] = await target.query(synchronousCommitOf(history.name));
  const copied = await copiedInParts(target, history);
  const inText = await source.query(tablesNeedingText(history.publication?.tables ?? []));
  return {
    history,
    connection: (await streamConnection(replication, 'source', source, target, history.name)).connection,
    stream: streamOptions(await source.version(), inText.length === 0),
    durable: commit?.value === 'on',
    pinned: (await target.query(workerPinsMissing(await target.version()))).length === 0,
    forced: (await target.query(forcedUnder(history.name))).length,
    reader: await lookAtTargetReader(target, replication, history.publication?.tables ?? []),
    copied,
    waitsFor: !history.slot || history.slot.building ? await source.query(openWriters(WRITERS_SHOWN)) : [],
  };
}

/** Before a worker starts, since it takes its settings then. */
async function pin(target: Database): Promise<void> {
  const statements = pinWorkers(await target.version());
  await target.transaction(async (session) => {
    for (const statement of statements) await session.query(statement);
  });
}

/** Tables that were made by hand may have it. @returns false where one is locked */
async function withoutForce(target: Database, name: string, others: readonly TableName[]): Promise<boolean> {
  await target.transaction(async (session) => {
    for (const statement of holdForce(name, others)) await session.query(statement);
  });
  return (await target.query(forcedUnder(name))).length === 0;
}

const added = ({ tables, publication }: StreamHistory) => missingFrom(tables, publication?.tables ?? []);
const removed = ({ tables, publication }: StreamHistory) => missingFrom(publication?.tables ?? [], tables);
const hasOptions = ({ history, stream }: Seen): boolean =>
  history.subscription?.binary === stream.binary && history.subscription.streaming === stream.streaming;
const hasConnection = ({ history, connection }: Seen): boolean => history.note !== undefined && isConnectionOf(history.note, connection);

/** @throws ReplicationBroken for a slot that is not ours to replace */
function judgeUnsubscribed(history: StreamHistory): Verdict {
  const { slot } = history;
  if (slot && (slot.building || slot.heldByUs)) return 'pending';
  demandReplaceable(history);
  return 'todo';
}

function judge(seen: Seen): Verdict {
  const { history } = seen;
  if (!history.subscription) return judgeUnsubscribed(history);
  const reason = continuityViolation(history);
  if (reason && (hasCopied(history) || seen.copied)) throw broken(reason);
  if (!reason) demandNotDisabled(history.name, 'target', history.subscription);
  const complete =
    !reason &&
    history.subscription.enabled &&
    hasConnection(seen) &&
    hasOptions(seen) &&
    seen.durable &&
    seen.pinned &&
    seen.forced === 0 &&
    added(history).length === 0 &&
    removed(history).length === 0 &&
    isTargetReaderComplete(seen.reader);
  return complete ? 'done' : 'todo';
}

/**
 * With the tables that were copied in parts taken in as they are. Otherwise with the empty tables taken in at once, where there are many: that is only
 * quicker, so whatever prevents it is reported and passed over, and they are copied as all others are.
 */
async function subscribeTo(
  { source, target, log }: Acting<Ports>,
  {
    history: { name },
    connection,
    stream,
    incarnation,
    copied,
  }: Pick<Seen, 'history' | 'connection' | 'stream' | 'copied'> & { readonly incarnation: string },
): Promise<void> {
  if (copied && copied.length > 0) {
    await listedAsEmpty(source, copied, () => subscribeKnowing(target, copied, { name, connection, stream, incarnation }));
    return;
  }
  try {
    const empty = await emptyTables(source, target);
    if (empty.length > 0) {
      await listedAsEmpty(source, empty, () => subscribeKnowing(target, empty, { name, connection, stream, incarnation }));
      return;
    }
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    log.warn('Empty tables are copied one by one, because they could not be taken in at once', { error: error.message });
  }
  const [made] = await target.query(subscriptionState(name));
  if (!made) await subscribe(target, name, connection, stream, incarnation);
}

export const createSubscription = defineStep({
  needs: ['source', 'target', 'replication'],
  interrupted: 'Slot and subscription may be there already; nothing flows that could not be vouched for.',
  inspect: look,
  judge,

  async act(ctx, { history: { name, publication } }) {
    const { source, target, replication } = ctx;
    await ensureTargetReader(target, replication, publication?.tables ?? []);
    await pin(target);
    const finished = await withAdvisoryLock(source, name, async (session) => {
      let seen = await look(ctx);
      if (judge(seen) !== 'todo') return true;
      if (seen.history.subscription && continuityViolation(seen.history)) {
        await target.transaction((transaction) => dropSubscription(transaction, name));
        seen = await look(ctx);
      }
      if (!seen.history.subscription) {
        // Of a copy in parts the slot is there, and everything since its snapshot is in it.
        const incarnation = seen.copied ? seen.history.incarnation : await makeSlot(source, session, seen.history, ctx.remainingMs());
        if (!incarnation) return false;
        await subscribeTo(ctx, { ...seen, incarnation: incarnation.id });
        seen = await look(ctx);
      }
      await source.query(dropEmptyPublication());
      const { connection, stream } = seen;
      if (!hasConnection(seen) && seen.history.note) await reconnect(target, name, connection, seen.history.note);
      if (!hasOptions(seen)) await target.query(setStreamOptions(name, stream));
      if (!seen.durable) await target.query(setSynchronousCommit(name));
      const history = await lookAtHistory(source, target);
      if (history.subscription) await release(target, name, history.subscription);
      await noteSubscriber(source, target, name);
      const unforced = await withoutForce(target, name, added(history));
      if (added(history).length > 0 || removed(history).length > 0) await refresh(target, name, added(history), ctx.remainingMs());
      return unforced;
    });
    return finished ? undefined : 'pending';
  },

  evidence: ({ history, stream, waitsFor, copied }) => ({
    subscription: history.name,
    enabled: history.subscription?.enabled ?? false,
    slot: history.slot ? { active: history.slot.active, confirmed: history.slot.confirmed } : null,
    tables: history.tables.length,
    published: history.publication?.tables.length ?? 0,
    ...(copied ? { copiedInParts: copied.length } : {}),
    ...stream,
    ...(waitsFor.length > 0 && !history.subscription ? { slotWaitsForTransactions: waitsFor.map((writer) => ({ ...writer })) } : {}),
  }),
});
