/** Rights that the fence of a later switch needs on either side, with or without a reverse stream. */
import { allRightsOn, fenceLacks, loginAtTarget } from '../../postgres/rights.ts';
import { blocker } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export const fenceRights: ReadinessCheck = {
  name: 'rights to keep the application from writing during a switch',
  async find({ source, target }) {
    const [onSource, onTarget] = [await allRightsOn(source), await allRightsOn(target)];
    const remedies = {
      source: "Use the cluster's master user in the source secret, or grant our role the owner of the database and pg_signal_backend.",
      target: `${loginAtTarget(onTarget)} If the database belongs to neither, ask PlanetScale for its ownership.`,
    };
    return [
      ...blocker({
        code: 'FenceRightsMissing',
        objects: fenceLacks('source', onSource),
        message: 'Our role could not keep the application from writing while a switch is under way.',
        remedy: remedies.source,
      }),
      ...blocker({
        code: 'FenceRightsMissing',
        objects: fenceLacks('target', onTarget),
        message: 'Our role could not keep the target shut until it is switched to, so there could be no switch.',
        remedy: remedies.target,
      }),
    ];
  },
};
