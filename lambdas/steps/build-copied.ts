/** Builds keys and indexes of tables whose last part is there. */
import { defineStep } from '../engine/step.ts';

export const buildCopied = defineStep({
  needs: ['target'],
  inspect: async () => ({}),
  judge: () => 'done' as const,
  evidence: () => ({ way: 'stream' }),
});
