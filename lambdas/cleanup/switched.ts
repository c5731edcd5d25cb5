/** What the gates allow a clean-up to do: a committed switch must not be taken apart half-way, nor the only copy of what was written dropped. */
import type { SideName } from '../config/side-name.ts';
import type { ApplicationView } from '../ports/application.ts';
import type { Gate } from '../state/gates.sql.ts';
import { committedDirection, type Gates, isForgotten } from '../state/gates.ts';

export interface SwitchState {
  /** Undefined for a side that has none, and for one that could not be looked at. */
  readonly gates: Gates;
  /** Whether both sides could be looked at. */
  readonly complete: boolean;
  /** Where the application's secret leads; asked only where a switch was committed or a side is fenced. */
  readonly pointsAt: Awaited<ReturnType<ApplicationView['pointsAt']>>;
}

/** Whether the application was let in here: the gate of the target is made to be closed, and only a switch opens it. */
const wasLetIn = (target: Gate | undefined): boolean => target !== undefined && target.state !== 'closed';

/** Whether a switch was ever committed, as far as either gate bears witness. */
export const wasCommitted = (gates: Gates): boolean =>
  (gates.source?.commits ?? 0) + (gates.target?.commits ?? 0) > 0 || committedDirection(gates) !== undefined;

/** Whether a switch is under way, or was interrupted, on either side. */
export const isFenced = ({ source, target }: Gates): boolean => source?.state === 'fenced' || target?.state === 'fenced';

/**
 * The side that serves the application, as far as the gates know; undefined where no switch has begun. A target that lets the application
 * in is believed where the source has nothing to say about it.
 */
export function servedBy(gates: Gates): SideName | undefined {
  if (gates.source === undefined && gates.target === undefined) return undefined;
  const committed = committedDirection(gates);
  if (committed) return committed.to;
  return gates.source === undefined && wasLetIn(gates.target) ? 'target' : 'source';
}

const otherThan = (side: SideName): SideName => (side === 'source' ? 'target' : 'source');

/** What of a committed switch decides which side the application writes to, and is not done. */
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
 * A committed switch whose remainder would decide which side the application writes to: the side that it leads to still takes no writes, or
 * the application's secret still names the other one. Without a look at both sides nobody could carry it on either; then cleaning is
 * what is left, and both sides open to whoever the secret leads there.
 */
export function unfinished(standing: SwitchState): string | undefined {
  const found = standing.complete ? missingOf(standing) : undefined;
  if (found === undefined) return undefined;
  return (
    `A switch to the ${found.to} was committed and not carried to its end: ${found.missing}. Nothing was dropped. Start Recovery, which ` +
    'settles it, then start Cleanup again.'
  );
}

/** Why the copied objects must stay. A gate that says nothing certain counts against dropping: what is gone cannot be looked at again. */
export function mustKeepCopy({ gates }: SwitchState): string | undefined {
  if (!wasCommitted(gates) && !wasLetIn(gates.target)) return undefined;
  return (
    'The application was let in to the target, which may hold the only copy of what was written there, so the copied objects are not dropped. ' +
    'Nothing was dropped on either side. Start Cleanup without "target": "drop"; what is certain to be of no use can be dropped by hand after that.'
  );
}

/** Why nothing may be cleaned up now; undefined where nothing speaks against it. */
export const refusal = (standing: SwitchState, drop: boolean): string | undefined =>
  unfinished(standing) ?? (drop ? mustKeepCopy(standing) : undefined);
