import { defineStep } from '../step.ts';

/** not built yet */
export const checkReadiness = defineStep({
  needs: ['source', 'target'],
  async inspect(): Promise<null> {
    throw new Error('CheckReadiness is not built yet');
  },
  judge: () => 'done',
  evidence: () => null,
});
