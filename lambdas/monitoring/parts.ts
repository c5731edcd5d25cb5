/** Metrics of a copy in parts, from the target alone. */
import type { Reader } from '../ports/database.ts';
import { type CopyTotals, copyPartsExist, copyTotals } from '../state/copy-parts.sql.ts';
import { copyPlan, copyPlanExists } from '../state/copy-plan.sql.ts';
import { subscribers, subscribersExist } from '../state/subscribers.sql.ts';
import type { MetricHistory } from './history.ts';
import type { Measures } from './metrics.ts';

/** No execution has this name: what one has given up is open to the next. */
const NOBODY = '';

/** @returns undefined where nothing is, or is still, copied in parts */
export async function watchParts(target: Reader, memory: MetricHistory, now: number): Promise<Measures | undefined> {
  const [planned] = await target.query(copyPlanExists());
  const [plan] = planned?.exists ? await target.query(copyPlan()) : [];
  if (!plan || plan.finished) return undefined;
  const allowed = { CopyWorkersAllowed: plan.workers };
  const [listed] = await target.query(copyPartsExist());
  const [totals] = listed?.exists ? await target.query(copyTotals(NOBODY)) : [];
  return totals ? { ...allowed, ...measuresOf(totals), CopyIdleSeconds: idleSeconds(totals, plan.workers, memory, now) } : allowed;
}

/** Whether the subscription is still to be made for the first time, once all parts and keys are there. */
export async function awaitsSubscription(source: Reader, target: Reader): Promise<boolean> {
  const [planned] = await target.query(copyPlanExists());
  if (!planned?.exists) return false;
  const [noted] = await source.query(subscribersExist());
  return !noted?.exists || (await source.query(subscribers())).length === 0;
}

const ALL = 100;

/** A copy whose last part is there is complete only with the changes that follow it. */
const measuresOf = ({ bytes, bytesDone, done, open, working }: CopyTotals): Measures => ({
  CopyBytes: bytesDone,
  CopyBytesTotal: bytes,
  CopyPercent: bytes > 0 ? Math.min(ALL - 1, Math.floor((ALL * bytesDone) / bytes)) : 0,
  PartsDone: done,
  PartsOpen: open,
  CopyWorkersWorking: working,
});

/** A pause is wanted, and no standstill. */
function idleSeconds({ done, open }: CopyTotals, workers: number, memory: MetricHistory, now: number): number {
  const before = memory.parts;
  const moved = !before || done !== before.done || workers === 0 || open === 0;
  memory.parts = moved ? { done, movedAt: now } : before;
  return Math.max(0, (now - memory.parts.movedAt) / 1000);
}
