/** The state that a clean-up reads, and what is left to do by it. */
import type { SideName } from '../config/side-name.ts';
import type { Endpoint } from '../ports/database.ts';
import type { Side } from './side.ts';
import { type SourceArtifacts, sourceIsClean } from './source.ts';
import { type SwitchState, servedBy } from './switched.ts';
import { followsAnother, type TargetArtifacts, targetIsClean } from './target.ts';

export interface CleanupState {
  readonly source: Side<SourceArtifacts>;
  readonly target: Side<TargetArtifacts>;
  /** Whether the application's secret still keeps the value from before the first switch. */
  readonly original: Side<boolean>;
  readonly pointsAt: SwitchState['pointsAt'];
  readonly at: { readonly source: Endpoint; readonly target: Endpoint };
  /** The side that served the application at the first visit of this execution: the gates that record it are dropped with the rest. */
  readonly servedAtFirst: SideName | undefined;
  /** A side that is gone for good, by the input of the operator. */
  readonly lost: SideName | undefined;
  readonly waitedSeconds: number;
}

/** A failover takes a minute or two, a reboot with recovery rarely ten; meanwhile a slot may be filling a disk. */
const TIMEOUT_SECONDS = 600;

export const belongsToAnother = ({ source, target, at }: Pick<CleanupState, 'source' | 'target' | 'at'>): boolean =>
  target.reached && followsAnother(target.artifacts, source, at.source.database);

export const sourceIsTodo = ({ source }: CleanupState): boolean => source.reached && !sourceIsClean(source.artifacts);
export const targetIsTodo = (ctx: CleanupState): boolean =>
  ctx.target.reached && !belongsToAnother(ctx) && !targetIsClean(ctx.target.artifacts);

/**
 * Whether the target has nothing of ours because it never had, or not any more: the migration has no login there, and nothing at the source. What
 * is made at the target is made after something at the source, and Cleanup deletes the role only once both sides are clean.
 */
export const isWithoutTarget = ({ source, target }: CleanupState): boolean =>
  !target.reached && target.noLogin === true && source.reached && sourceIsClean(source.artifacts);

/** The state of the switch by the gates. The gate of a target that belongs to another migration is ignored. */
export function switchStateOf({ source, target, at, pointsAt }: Pick<CleanupState, 'source' | 'target' | 'at' | 'pointsAt'>): SwitchState {
  const ours = target.reached && !belongsToAnother({ source, target, at });
  const gates = { source: source.reached ? source.artifacts.gate : undefined, target: ours ? target.artifacts.gate : undefined };
  return { gates, complete: source.reached && ours, pointsAt };
}

/** Whether a side or the secret that is out of reach may be reachable again while the execution waits. */
export const mayComeBack = ({ source, target, original, lost, waitedSeconds }: CleanupState): boolean =>
  waitedSeconds < TIMEOUT_SECONDS &&
  Object.entries({ source, target, original }).some(([name, side]) => name !== lost && !side.reached && side.passing);

/**
 * Whether the application's secret may drop its original value: not before a side of ours was cleaned for good, because until then a
 * rollback may be possible.
 */
export const originalIsTodo = (ctx: CleanupState): boolean =>
  ctx.original.reached &&
  ctx.original.artifacts &&
  !mayComeBack(ctx) &&
  (ctx.source.reached || (ctx.target.reached && !belongsToAnother(ctx)));

/**
 * What to do about a switch follows from both sides together, so the gate of one side is not opened while the other may be reachable again.
 * A fence is lifted at once: the application waits for it.
 */
export function waitsForTheOtherGate(ctx: CleanupState): boolean {
  const { gates, complete } = switchStateOf(ctx);
  const states = [gates.source?.state, gates.target?.state].filter((state) => state !== undefined);
  return !complete && states.length > 0 && !states.includes('fenced') && mayComeBack(ctx);
}

/** Whether other sides are in reach now than before, so that the decision has to be taken again. */
export const reachChanged = (now: CleanupState, before: CleanupState): boolean =>
  now.source.reached !== before.source.reached || now.target.reached !== before.target.reached;

/** The side that served, by the earliest observation that shows it. */
export const servedIn = (ctx: CleanupState, before: CleanupState = ctx): SideName | undefined =>
  ctx.servedAtFirst ?? servedBy(switchStateOf(before).gates) ?? servedBy(switchStateOf(ctx).gates);
