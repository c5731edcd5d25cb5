/** What the gates allow a clean-up to do: it must not remove a switch that is not completed, nor drop the only copy of what was written. */
import type { SideName } from '../config/side-name.ts';
import type { ApplicationView } from '../ports/application.ts';
import type { Gate } from '../state/gates.sql.ts';
import { committedDirection, type Gates, isForgotten } from '../state/gates.ts';

export interface SwitchState {
  /** Undefined for a side that has no gate, and for one that could not be read. */
  readonly gates: Gates;
  /** Whether both sides could be read. */
  readonly complete: boolean;
  /** The side that the application's secret leads to; read only where a switch was committed or a side is fenced. */
  readonly pointsAt: Awaited<ReturnType<ApplicationView['pointsAt']>>;
}

/** Whether the target has ever been open to the application: its gate is made closed, and only a switch opens it. */
const wasLetIn = (target: Gate | undefined): boolean => target !== undefined && target.state !== 'closed';

/** Whether a switch was ever committed, by either gate. */
export const wasCommitted = (gates: Gates): boolean =>
  (gates.source?.commits ?? 0) + (gates.target?.commits ?? 0) > 0 || committedDirection(gates) !== undefined;

/** Whether a switch is under way, or was interrupted, on either side. */
export const isFenced = ({ source, target }: Gates): boolean => source?.state === 'fenced' || target?.state === 'fenced';

/**
 * The side that serves the application, by the gates; undefined where no switch has begun. Without a gate on the source, the target serves
 * where its gate is not closed.
 */
export function servedBy(gates: Gates): SideName | undefined {
  if (gates.source === undefined && gates.target === undefined) return undefined;
  const committed = committedDirection(gates);
  if (committed) return committed.to;
  return gates.source === undefined && wasLetIn(gates.target) ? 'target' : 'source';
}

const otherThan = (side: SideName): SideName => (side === 'source' ? 'target' : 'source');

/** The part of a committed switch that decides which side the application writes to, and is not done yet. */
function missingOf({ gates, pointsAt }: SwitchState): { readonly to: SideName; readonly missing: string } | undefined {
  const committed = committedDirection(gates);
  const to = servedBy(gates);
  if (to === undefined) return undefined;
  if (committed && isForgotten(committed, gates)) return { to, missing: `the ${committed.from} has yet to learn that it was left` };
  const other = otherThan(to);
  if (gates[to]?.state === 'fenced' && pointsAt === other) {
    return { to: other, missing: `the ${to} is fenced, but the application's secret leads to the ${other} already` };
  }
  if (!wasCommitted(gates)) return undefined;
  if (gates[to]?.state === 'closed') return { to, missing: 'neither side takes writes now' };
  return pointsAt === other ? { to, missing: `the application's secret still leads to the ${other}, which takes no writes` } : undefined;
}

/**
 * A committed switch whose remaining part decides which side the application writes to: the side switched to still takes no writes, or
 * the application's secret still leads to the other one. Where only one side can be read, no execution could complete the switch either; then
 * the clean-up goes on, and opens the sides in reach: the application writes where its secret leads.
 */
export function unfinished(state: SwitchState): string | undefined {
  const found = state.complete ? missingOf(state) : undefined;
  if (found === undefined) return undefined;
  return (
    `A switch to the ${found.to} was committed and not carried to its end: ${found.missing}. Nothing was dropped. Start Recovery, which ` +
    'settles it, then start Cleanup again.'
  );
}

/** Why the copied objects must stay. A gate without a certain answer forbids dropping, which cannot be undone. */
export function mustKeepCopy({ gates }: SwitchState): string | undefined {
  if (!wasCommitted(gates) && !wasLetIn(gates.target)) return undefined;
  return (
    'The application was let in to the target, which may hold the only copy of what was written there, so the copied objects are not dropped. ' +
    'Nothing was dropped on either side. Start Cleanup without "target": "drop"; what is certain to be of no use can be dropped by hand after that.'
  );
}

/** Why nothing may be cleaned up now; undefined where there is no such reason. */
export const refusal = (state: SwitchState, drop: boolean): string | undefined =>
  unfinished(state) ?? (drop ? mustKeepCopy(state) : undefined);
