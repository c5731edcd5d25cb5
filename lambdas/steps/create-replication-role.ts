import { defineStep } from '../step.ts';

/** not built yet */
export const createReplicationRole = defineStep({
  needs: ['source', 'target'],
  async inspect(): Promise<null> {
    throw new Error('CreateReplicationRole is not built yet');
  },
  judge: () => 'done',
  evidence: () => null,
});
