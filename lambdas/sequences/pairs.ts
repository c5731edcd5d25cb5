/** Each sequence of the source beside its copy on the target. */
import { aheadOf, isAtLeast, isOutside, type Position, type Track } from './position.ts';
import type { SequenceDefinition, SequenceState } from './sequences.sql.ts';

/** One sequence on both sides, each with its own definition. `source` is the side that is copied from, whichever that is. */
export interface DefinitionPair {
  readonly source: SequenceDefinition;
  readonly target: SequenceDefinition;
}

/** The same with the positions. */
export interface SequencePair extends DefinitionPair {
  readonly source: SequenceState;
  readonly target: SequenceState;
}

export const nameOf = ({ schema, name }: Pick<SequenceDefinition, 'schema' | 'name'>): string => `"${schema}"."${name}"`;

export const positionOf = ({ last, called }: SequenceState): Position => ({ last: BigInt(last), called });

/** The source's steps between the target's bounds: what the application used to get, as far as the target can give it. */
export const trackOf = ({ source, target }: DefinitionPair): Track => ({
  increment: BigInt(source.increment),
  minimum: BigInt(target.minimum),
  maximum: BigInt(target.maximum),
});

/** The target would hand out numbers towards those that the source has used. No position of it is safe. */
export const runsBackwards = ({ source, target }: DefinitionPair): boolean =>
  BigInt(source.increment) > 0n !== BigInt(target.increment) > 0n;

/** The source's position is outside the target's bounds already. */
export const isOutOfBounds = (pair: SequencePair): boolean => isOutside(positionOf(pair.source), trackOf(pair));

/** Fewer numbers than the margin are left. */
export function isClamped(pair: SequencePair, margin: number): boolean {
  const moved = BigInt(pair.source.last) + BigInt(margin) * BigInt(pair.source.increment);
  return isOutside({ last: moved, called: true }, trackOf(pair));
}

/** Attributes in which the two definitions differ, such as `increment 1 on the source, 2 on the target`. */
export function disagreements({ source, target }: DefinitionPair): string[] {
  const keys = ['type', 'increment', 'minimum', 'maximum', 'cycles'] as const;
  return keys
    .filter((key) => source[key] !== target[key])
    .map((key) => `${key} ${source[key]} on the source, ${target[key]} on the target`);
}

/**
 * Whether the target still has to be set ahead. The source moves on while we look, so right after acting the target is a little less
 * than a margin ahead; half a margin is the bound, so that looking again (now or in a later run) finds nothing to do until the source
 * has used up the other half. A source that hands out more than half a margin between two looks needs a larger margin.
 */
export const isBehind = (pair: SequencePair, margin: number): boolean =>
  !isAtLeast(positionOf(pair.target), aheadOf(positionOf(pair.source), trackOf(pair), BigInt(margin) / 2n), trackOf(pair));

/** The position to set on the target: a full margin ahead, or undefined where it already is there or further, since it never goes backwards. */
export function advanceOf(pair: SequencePair, margin: number): Position | undefined {
  const wanted = aheadOf(positionOf(pair.source), trackOf(pair), BigInt(margin));
  return isAtLeast(positionOf(pair.target), wanted, trackOf(pair)) ? undefined : wanted;
}
