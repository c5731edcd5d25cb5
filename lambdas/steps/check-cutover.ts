/** State `CheckCutover`: refuses a switch that would lose something, take long or leave no way back, with every reason at once. */
import { CHECK_NEEDS, checking } from '../cutover/check.ts';
import { CUTOVER_CHECKS } from '../cutover/index.ts';
import { CutoverRefused } from '../errors.ts';
import { SWITCH_KEYS } from '../input.ts';
import { refusal } from '../readiness/report.ts';
import { defineStep } from '../step.ts';
import { OVER } from '../switch/direction.ts';

const CUTOVER = { name: 'the switch to the target', untouched: 'Nothing was switched, and the source serves the application as before.' };

export const checkCutover = defineStep({
  understands: SWITCH_KEYS,
  ...checking({
    direction: OVER,
    checks: CUTOVER_CHECKS,
    refuse(findings) {
      throw new CutoverRefused(refusal(findings, CUTOVER));
    },
  }),
  needs: [...CHECK_NEEDS, 'clusterAccess'],
});
