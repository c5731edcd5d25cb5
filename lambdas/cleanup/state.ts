/** Everything that a clean-up sees, and what of it is to be done. */
import type { SideName } from '../config/side-name.ts';
import type { Endpoint } from '../ports/database.ts';
import type { Side } from './side.ts';
import { type SourceArtifacts, sourceIsClean } from './source.ts';
import { type SwitchState, servedBy } from './switched.ts';
import { followsAnother, type TargetArtifacts, targetIsClean } from './target.ts';

export interface CleanupState {
  readonly source: Side<SourceArtifacts>;
  readonly target: Side<TargetArtifacts>;
  /** Whether the application's secret still keeps hold of the value from before the first switch. */
  readonly original: Side<boolean>;
  readonly pointsAt: SwitchState['pointsAt'];
  readonly at: { readonly source: Endpoint; readonly target: Endpoint };
  /** Which side served the application when this execution first looked: the gates that say so go with the rest. */
  readonly servedAtFirst: SideName | undefined;
  /** A side that is gone for good, as the person says who started it. */
  readonly lost: SideName | undefined;
  readonly waitedSeconds: number;
}

/** A failover takes a minute or two, a reboot with recovery rarely ten; meanwhile a slot may be filling a disk. */
const TIMEOUT_SECONDS = 600;

export const isAnothers = ({ source, target, at }: Pick<CleanupState, 'source' | 'target' | 'at'>): boolean =>
  target.reached && followsAnother(target.artifacts, source, at.source.database);

export const sourceIsTodo = ({ source }: CleanupState): boolean => source.reached && !sourceIsClean(source.artifacts);
export const targetIsTodo = (ctx: CleanupState): boolean => ctx.target.reached && !isAnothers(ctx) && !targetIsClean(ctx.target.artifacts);

/** What the gates say. Those of a target that belongs to another migration say nothing to us. */
export function standingOf({ source, target, at, pointsAt }: Pick<CleanupState, 'source' | 'target' | 'at' | 'pointsAt'>): SwitchState {
  const ours = target.reached && !isAnothers({ source, target, at });
  const gates = { source: source.reached ? source.artifacts.gate : undefined, target: ours ? target.artifacts.gate : undefined };
  return { gates, complete: source.reached && ours, pointsAt };
}

/** Whether something that is out of reach may come back while the execution waits. */
export const mayComeBack = ({ source, target, original, lost, waitedSeconds }: CleanupState): boolean =>
  waitedSeconds < TIMEOUT_SECONDS &&
  Object.entries({ source, target, original }).some(([name, side]) => name !== lost && !side.reached && side.passing);

/**
 * Whether the application's secret may let go of its first value: not before a side of ours was cleaned for good, for until then there may
 * be a way back.
 */
export const originalIsTodo = (ctx: CleanupState): boolean =>
  ctx.original.reached && ctx.original.artifacts && !mayComeBack(ctx) && (ctx.source.reached || (ctx.target.reached && !isAnothers(ctx)));

/**
 * Only both sides together know what is to be done about a switch, so a side that may come back is waited for before the gate of the other
 * is opened. A fence is lifted at once: the application waits for it.
 */
export function waitsForTheOtherGate(ctx: CleanupState): boolean {
  const { gates, complete } = standingOf(ctx);
  const states = [gates.source?.state, gates.target?.state].filter((state) => state !== undefined);
  return !complete && states.length > 0 && !states.includes('fenced') && mayComeBack(ctx);
}

/** Whether another side is in reach now than before: then what was decided has to be decided anew. */
export const isAnotherScene = (now: CleanupState, before: CleanupState): boolean =>
  now.source.reached !== before.source.reached || now.target.reached !== before.target.reached;

/** Which side served, by the earliest look that could tell. */
export const servedIn = (ctx: CleanupState, before: CleanupState = ctx): SideName | undefined =>
  ctx.servedAtFirst ?? servedBy(standingOf(before).gates) ?? servedBy(standingOf(ctx).gates);
