/** The state of a copy in parts, as its steps read it, and the figures that they show. */
import type { Json } from '../config/json.ts';
import type { Reader } from '../ports/database.ts';
import { broken, type StreamHistory, slotTrouble } from '../replication/history.ts';
import { type CopyTotals, copyTotals } from '../state/copy-parts.sql.ts';
import { type CopyPlanState, copyPlan, copyPlanExists } from '../state/copy-plan.sql.ts';
import { snapshotSeed } from './seed.ts';

/** The plan on the target; undefined where rows are copied by the subscription. */
export async function planOn(target: Reader): Promise<CopyPlanState | undefined> {
  const [there] = await target.query(copyPlanExists());
  const [plan] = there?.exists ? await target.query(copyPlan()) : [];
  return plan;
}

/** A copy in parts whose parts are listed and not all there. */
export interface CopyUnderWay {
  readonly plan: CopyPlanState & { readonly seed: NonNullable<CopyPlanState['seed']> };
  readonly totals: CopyTotals;
  /** Whether what parts are read from can still be read. */
  readonly seedThere: boolean;
}

/** Undefined where nothing is, or is still, to be copied in parts. */
export async function copyUnderWay(source: Reader, target: Reader, execution: string): Promise<CopyUnderWay | undefined> {
  const plan = await planOn(target);
  if (!plan?.seed || plan.finished) return undefined;
  const [totals] = await target.query(copyTotals(execution));
  if (!totals) throw new Error('An aggregate always returns a row.');
  return { plan: { ...plan, seed: plan.seed }, totals, seedThere: await snapshotSeed.isThere(source, plan.seed) };
}

/**
 * The slot keeps what changes while parts are copied: without it they are worth nothing.
 * @throws ReplicationBroken where it is gone, or is another
 */
export function demandSlot(history: StreamHistory, { seed }: Pick<CopyPlanState, 'seed'>): void {
  const trouble = slotTrouble(history.name, history.stream, history.slot);
  if (trouble) throw broken(trouble);
  if (history.incarnation?.id !== seed?.incarnation) {
    throw broken(`The replication slot ${history.name} on the source is not the one that the copy in parts began with`);
  }
  if (history.publication?.oid !== history.incarnation?.publication) {
    throw broken('The publication was dropped or made anew on the source, and changes were not kept meanwhile');
  }
}

/** Figures of one moment, as evidence holds them. */
export type Figures = {
  readonly parts: number;
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
  readonly bytesDone: number;
  readonly bytesASecond: number | null;
  readonly secondsLeft: number | null;
  /** Milliseconds since 1970. */
  readonly at: number;
};

const MILLISECONDS = 1000;

function readBefore(previous: Json | undefined): { readonly bytesDone: number; readonly at: number } | undefined {
  const { bytesDone, at } = (previous ?? {}) as { bytesDone?: unknown; at?: unknown };
  return typeof bytesDone === 'number' && typeof at === 'number' ? { bytesDone, at } : undefined;
}

/** @param previous evidence of the visit before; without one, the speed is that since the parts were listed */
export function figuresOf({ plan, totals }: CopyUnderWay, previous: Json | undefined, now: number): Figures {
  const before = readBefore(previous) ?? { bytesDone: 0, at: plan.listedAt ?? now };
  const seconds = (now - before.at) / MILLISECONDS;
  const bytesASecond = seconds > 0 ? Math.round((totals.bytesDone - before.bytesDone) / seconds) : null;
  return {
    ...{ parts: totals.parts, done: totals.done, failed: totals.failed, bytes: totals.bytes, bytesDone: totals.bytesDone },
    bytesASecond,
    secondsLeft: bytesASecond ? Math.round((totals.bytes - totals.bytesDone) / bytesASecond) : null,
    at: now,
  };
}
