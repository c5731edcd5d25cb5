/** State `SwitchBack`: the way back. */
import { VerificationError } from '../errors.ts';
import { SWITCH_KEYS } from '../input.ts';
import { defineStep } from '../step.ts';

export const switchBack = defineStep({
  needs: ['executions'],
  understands: SWITCH_KEYS,
  inspect: async () => ({}),
  judge() {
    throw new VerificationError('Under construction.');
  },
  evidence: () => ({}),
});
