import { defineStep } from '../step.ts';

/** not built yet */
export const createSubscription = defineStep({
  needs: ['source', 'target'],
  async inspect(): Promise<null> {
    throw new Error('CreateSubscription is not built yet');
  },
  judge: () => 'done',
  evidence: () => null,
});
