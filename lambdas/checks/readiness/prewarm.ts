/** Whether the target can be prewarmed, where that is asked for. */
import { offeredExtensions } from '../../extensions/extensions.sql.ts';
import { PREWARM } from '../../prewarm/prewarm.sql.ts';
import { warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export const prewarm: ReadinessCheck = {
  name: 'prewarming',
  async find({ target, input }) {
    if (!input.prewarm) return [];
    const offered = (await target.query(offeredExtensions())).find(({ name }) => name === PREWARM);
    return warning({
      code: 'PrewarmNotThere',
      objects: offered?.installed || offered?.installable ? [] : [PREWARM],
      message: `The target ${offered ? 'does not let our role install' : 'does not offer'} this extension, so it is not prewarmed.`,
      remedy: 'Enable the extension in PlanetScale, or create it there by a role that may; without it the first hour reads from the disk.',
    });
  },
};
