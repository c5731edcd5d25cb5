/** Rights that the fence of a later switch needs on either side, with or without a reverse stream. */

import type { Reader } from '../../ports/database.ts';
import { allRightsOn, fenceLacks, loginAtTarget } from '../../postgres/rights.ts';
import { blocker, type Finding } from '../finding.ts';
import { onTargetIfKnown } from '../known.ts';
import type { ReadinessCheck } from './context.ts';

export const fenceRights: ReadinessCheck = {
  name: 'rights to keep the application from writing during a switch',
  find: async ({ source, target }) => [
    ...blocker({
      code: 'FenceRightsMissing',
      objects: fenceLacks('source', await allRightsOn(source)),
      message: 'Our role could not keep the application from writing while a switch is under way.',
      remedy: "Use the cluster's master user in the source secret, or grant our role the owner of the database and pg_signal_backend.",
    }),
    ...(await onTargetIfKnown(() => onTarget(target))),
  ],
};

async function onTarget(target: Reader): Promise<readonly Finding[]> {
  const rights = await allRightsOn(target);
  return blocker({
    code: 'FenceRightsMissing',
    objects: fenceLacks('target', rights),
    message: 'Our role could not keep the target shut until it is switched to, so there could be no switch.',
    remedy: `${loginAtTarget(rights)} If the database belongs to neither, ask PlanetScale for its ownership.`,
  });
}
