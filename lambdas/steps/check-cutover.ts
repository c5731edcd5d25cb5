/** State `CheckCutover`: refuses a switch. */
import { VerificationError } from '../errors.ts';
import { SWITCH_KEYS } from '../input.ts';
import { defineStep } from '../step.ts';

export const checkCutover = defineStep({
  needs: ['executions'],
  understands: SWITCH_KEYS,
  inspect: async () => ({}),
  judge() {
    throw new VerificationError('Under construction.');
  },
  evidence: () => ({}),
});
