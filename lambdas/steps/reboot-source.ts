import { defineStep } from '../step.ts';

/** not built yet */
export const rebootSource = defineStep({
  needs: ['source', 'target'],
  async inspect(): Promise<null> {
    throw new Error('RebootSource is not built yet');
  },
  judge: () => 'done',
  evidence: () => null,
});
