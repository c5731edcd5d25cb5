/** State `CheckCutover`: refuses a switch that would lose something, take long or leave no rollback, with every reason at once. */
import { CHECK_NEEDS, checking } from '../checks/cutover/check.ts';
import { CUTOVER_CHECKS } from '../checks/cutover/index.ts';
import { refusal } from '../checks/report.ts';
import { CUTOVER } from '../config/direction.ts';
import { CutoverRefused } from '../config/errors.ts';
import { defineStep } from '../engine/step.ts';

const WORDS = { name: 'the switch to the target', untouched: 'Nothing was switched, and the source serves the application as before.' };

export const checkCutover = defineStep({
  ...checking({
    direction: CUTOVER,
    checks: CUTOVER_CHECKS,
    refuse(findings) {
      throw new CutoverRefused(refusal(findings, WORDS));
    },
  }),
  needs: [...CHECK_NEEDS, 'clusterAccess', 'applicationLogin', 'planetscale'],
});
