/** Checks of both sides while the target has no login: what they say of the source stands, and what they would say of the target is not known. */
import { TargetNotKnown } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import type { Finding } from './finding.ts';

/** Code of the finding that names every check, or part of one, that a target without a login was spared. */
export const TARGET_NOT_LOOKED_AT = 'TargetNotLookedAt';

/** In place of the findings of a part that was not carried out; `run.ts` names its check in one finding with all others. */
const PASSED_OVER: Finding = {
  code: TARGET_NOT_LOOKED_AT,
  severity: 'warning',
  objects: [],
  message: 'The target has no login yet, so this was not looked at.',
  remedy: '',
};

export const isPassedOver = (finding: Finding): boolean => finding === PASSED_OVER;

/** Findings of the part of a check that reads the target; a target without a login is passed over. */
export async function onTargetIfKnown(find: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof TargetNotKnown) return [PASSED_OVER];
    throw error;
  }
}

/** What a look at both sides has found. */
export interface FoundOnSides<Found> {
  readonly found: readonly (Found & { readonly side: SideName })[];
  /** To be among the check's findings. */
  readonly passedOver: readonly Finding[];
}

/** Looks at the source, then at the target; a target without a login is passed over. */
export async function onBothSides<Found extends object>(
  sides: Readonly<Record<SideName, Reader>>,
  look: (reader: Reader, side: SideName) => Promise<readonly Found[]>,
): Promise<FoundOnSides<Found>> {
  const lookAt = async (side: SideName) => (await look(sides[side], side)).map((one) => ({ ...one, side }));
  const found = await lookAt('source');
  const passedOver = await onTargetIfKnown(async () => {
    found.push(...(await lookAt('target')));
    return [];
  });
  return { found, passedOver };
}
