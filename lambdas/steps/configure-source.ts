import { defineStep } from '../step.ts';

/** not built yet */
export const configureSource = defineStep({
  needs: ['source', 'target'],
  async inspect(): Promise<null> {
    throw new Error('ConfigureSource is not built yet');
  },
  judge: () => 'done',
  evidence: () => null,
});
