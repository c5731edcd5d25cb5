/**
 * What a copy in parts is read from, and the list of its parts. The publication and every replica identity are there by now: WAL from before lacks the
 * old rows. Then the slot, whose snapshot is exported and held; the role that fills the tables; and the parts, in the transaction that records all of it.
 */
import { randomUUID } from 'node:crypto';
import { NotReady, VerificationError } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import { REPLICATION_ROLE } from '../config/names.ts';
import { demandEmptyTarget, listParts } from '../copy/list.ts';
import { demandSlot, planOn } from '../copy/progress.ts';
import { ensureCopyRole } from '../copy/role.ts';
import { holdSnapshot, snapshotSeed } from '../copy/seed.ts';
import { sessionRoom } from '../copy/session-room.sql.ts';
import { type WorkerCount, workersFor } from '../copy/workers.ts';
import type { Acting, Looking, Verdict } from '../engine/contract.ts';
import type { WorkerItem } from '../engine/machines.ts';
import { LOOK_AGAIN_RESERVE_MS } from '../engine/reserves.ts';
import { defineStep } from '../engine/step.ts';
import { demandOurs } from '../replication/demand-ours.ts';
import { dropBusySlot } from '../replication/drop.ts';
import { lookAtHistory, type StreamHistory } from '../replication/history.ts';
import { demandReplaceable, withAdvisoryLock } from '../replication/make-slot.ts';
import { type OpenWriter, openWriters } from '../replication/slots.sql.ts';
import { copyTotals } from '../state/copy-parts.sql.ts';
import { type CopyPlanState, setWorkers } from '../state/copy-plan.sql.ts';
import { streamedTables } from '../state/copy-tables.sql.ts';
import { createSlotIncarnations, recordSlotIncarnation } from '../state/slot-incarnations.sql.ts';

type Needs = 'source' | 'target' | 'partCopy' | 'concurrency';

interface Seen {
  /** Undefined where rows are copied by the subscription. */
  readonly plan: CopyPlanState | undefined;
  readonly history: StreamHistory;
  readonly seedThere: boolean;
  readonly roleWorks: boolean;
  /** Parts in all, and those that are there. */
  readonly parts: number;
  readonly done: number;
  readonly allowed: WorkerCount | undefined;
  /** What the input asks for; undefined where it says nothing. */
  readonly wanted: number | undefined;
  /** Tables that the subscription copies all the same, and why. */
  readonly streamed: readonly string[];
  readonly waitsFor: readonly OpenWriter[];
}

/** Transactions to name in the evidence, oldest first, and tables that are not copied in parts. */
const MOST_SHOWN = 5;
/** An attempt waits for every write transaction that is open; longer ones are reported to the operator, who may end them. */
const LONGEST_ATTEMPT_MS = 300_000;
const SHORTEST_ATTEMPT_MS = 1_000;

async function look({ source, target, partCopy, concurrency, execution, input }: Looking<Needs>): Promise<Seen> {
  await demandOurs('source', source);
  await demandOurs('target', target);
  const plan = await planOn(target);
  const history = await lookAtHistory(source, target);
  const base = { plan, history, wanted: input.copyWorkers, waitsFor: [], streamed: [], parts: 0, done: 0 };
  if (!plan || plan.finished) return { ...base, seedThere: false, roleWorks: false, allowed: undefined };
  const { seed } = plan;
  const [totals] = seed ? await target.query(copyTotals(execution)) : [];
  const streamed = seed ? await target.query(streamedTables()) : [];
  return {
    ...base,
    seedThere: seed !== null && (await snapshotSeed.isThere(source, seed)),
    roleWorks: seed !== null && (await partCopy.works()),
    parts: totals?.parts ?? 0,
    done: totals?.done ?? 0,
    allowed: await allowedNow({ source, target, concurrency, input }, input.copyWorkers ?? plan.workers, partCopy.role),
    streamed: streamed.map(({ schema, table, why }) => `${schema}.${table}: ${why}`),
    waitsFor: seed ? [] : await source.query(openWriters(MOST_SHOWN)),
  };
}

async function allowedNow(
  { source, target, concurrency, input }: Pick<Looking<Needs>, 'source' | 'target' | 'concurrency' | 'input'>,
  wanted: number,
  role: string,
): Promise<WorkerCount | undefined> {
  const [[atSource], [atTarget]] = [await source.query(sessionRoom(REPLICATION_ROLE)), await target.query(sessionRoom(role))];
  if (!atSource || !atTarget) throw new Error('Each side has a row.');
  return workersFor({
    ...{ wanted, source: atSource, target: atTarget, indexWorkers: input.indexWorkers },
    concurrency: await concurrency.limit(),
  });
}

function judge({ plan, history, seedThere, roleWorks, wanted }: Seen): Verdict {
  if (!plan || plan.finished) return 'done';
  if (history.subscription) {
    throw new VerificationError(
      `The subscription ${history.name} is there although not every part is copied. Nothing was changed. Start Cleanup with {"target": "drop"}, then Replicate ` +
        'from its beginning.',
    );
  }
  if (!plan.seed) {
    demandReplaceable(history);
    return 'todo';
  }
  demandSlot(history, plan);
  // Without the snapshot nothing more can be copied in parts: FinishParts leaves the rest to the subscription.
  if (!seedThere) return 'done';
  return roleWorks && (wanted === undefined || wanted === plan.workers) ? 'done' : 'todo';
}

export const seedCopy = defineStep({
  needs: ['source', 'target', 'partCopy', 'concurrency'],
  interrupted:
    'A slot may be there already, and a session that keeps its snapshot; without the list of parts neither is used, and the next visit makes both anew.',
  inspect: look,
  judge,

  async act(ctx, { history: { name } }) {
    const { source, target, partCopy } = ctx;
    const finished = await withAdvisoryLock(source, name, async () => {
      const seen = await look(ctx);
      if (judge(seen) !== 'todo' || !seen.plan) return true;
      if (seen.wanted !== undefined) await target.query(setWorkers(seen.wanted));
      if (!seen.plan.seed) {
        if (seen.allowed?.began === 0) throw noRoom(seen.allowed);
        return seed(ctx, seen);
      }
      await ensureCopyRole(target, partCopy, seen.history.publication?.tables ?? []);
      return true;
    });
    return finished ? undefined : 'pending';
  },

  evidence: (seen) => ({
    way: seen.plan ? 'parts' : 'stream',
    ...(seen.plan && !seen.plan.finished
      ? {
          parts: seen.parts,
          done: seen.done,
          mayWork: Math.min(seen.plan.workers, seen.allowed?.began ?? 0),
          ...(seen.allowed && seen.allowed.why.length > 0 ? { fewerBecause: seen.allowed.why } : {}),
          ...(seen.streamed.length > 0 ? { copiedBySubscription: atMost(MOST_SHOWN, seen.streamed) } : {}),
          ...(seen.plan.seed && !seen.seedThere ? { snapshot: 'lost' } : {}),
          ...(seen.waitsFor.length > 0 ? { slotWaitsForTransactions: seen.waitsFor.map((writer) => ({ ...writer })) } : {}),
        }
      : {}),
    workers: childrenOf(seen),
  }),
});

const noRoom = ({ why }: WorkerCount): NotReady =>
  new NotReady(
    `There is no room for a single worker of a copy in parts: ${why.join('; ')}. Nothing was copied. Raise the limit, or end sessions that are not needed, then start ` +
      'Replicate again; or copy by the subscription: Cleanup with {"target": "drop"}, then Replicate with {"copy": "stream"}.',
  );

/** Nobody is begun where nothing is to be copied, or can be. */
function childrenOf({ plan, seedThere, parts, done, allowed }: Seen): { worker: number; step: WorkerItem['step'] }[] {
  if (!plan || plan.finished || !seedThere || parts === done) return [];
  const began = Math.min(parts - done, allowed?.began ?? 0);
  return [
    ...Array.from({ length: began }, (_, at) => ({ worker: at + 1, step: 'CopyParts' as const })),
    { worker: began + 1, step: 'BuildCopied' as const },
  ];
}

/** @returns false where open transactions did not end in time */
async function seed(ctx: Acting<Needs>, { history: { name, slot, publication }, plan }: Seen): Promise<boolean> {
  const { source, target, partCopy, input, remainingMs } = ctx;
  if (!publication || !plan) throw new VerificationError('There is no publication yet. Nothing was changed. Start Replicate again.');
  await demandEmptyTarget(target, publication.tables);
  await snapshotSeed.end(partCopy);
  // One that an interrupted visit has left, perhaps with the connection that made it.
  const refusal = slot && (await dropBusySlot(source, name));
  if (refusal) throw refusal;
  await ensureCopyRole(target, partCopy, publication.tables);
  const limit = Math.min(LONGEST_ATTEMPT_MS, Math.max(SHORTEST_ATTEMPT_MS, remainingMs() - LOOK_AGAIN_RESERVE_MS));
  const exported = await partCopy.createSlot(name, limit);
  if (!exported) return false;
  const incarnation = { id: randomUUID(), consistentPoint: exported.consistentPoint, publication: publication.oid };
  try {
    const held = await holdSnapshot(partCopy, exported.snapshot).finally(() => exported.end());
    await source.transaction(async (transaction) => {
      await transaction.query(createSlotIncarnations());
      await transaction.query(recordSlotIncarnation(name, incarnation));
    });
    await listParts({
      source,
      target,
      copy: partCopy,
      input,
      seed: { ...held, incarnation: incarnation.id },
      partBytes: plan.partBytes,
      published: publication.tables,
    });
  } catch (error) {
    // Without the list nobody reads the snapshot, and as long as it is held nothing on the source is vacuumed. It may be there, its answer lost.
    const now = await planOn(target).catch(() => undefined);
    if (now?.seed === null) await snapshotSeed.end(partCopy).catch(() => {});
    throw error;
  }
  return true;
}
