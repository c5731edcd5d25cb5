import { defineStep } from '../step.ts';

/** not built yet */
export const verifyWalLevel = defineStep({
  needs: ['source', 'target'],
  async inspect(): Promise<null> {
    throw new Error('VerifyWalLevel is not built yet');
  },
  judge: () => 'done',
  evidence: () => null,
});
