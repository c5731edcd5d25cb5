import { defineStep } from '../step.ts';

/** not built yet */
export const awaitConvergence = defineStep({
  needs: ['source', 'target'],
  async inspect(): Promise<null> {
    throw new Error('AwaitConvergence is not built yet');
  },
  judge: () => 'done',
  evidence: () => null,
});
