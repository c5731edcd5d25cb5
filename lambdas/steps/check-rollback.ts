/** State `CheckRollback`: refuses a rollback that would lose what was written since the switch, with every reason at once. */
import { checking } from '../checks/cutover/check.ts';
import { ROLLBACK_CHECKS } from '../checks/cutover/index.ts';
import { refusal } from '../checks/report.ts';
import { ROLLBACK } from '../config/direction.ts';
import { RollbackRefused } from '../config/errors.ts';
import { defineStep } from '../engine/step.ts';

const WORDS = { name: 'the way back to the source', untouched: 'Nothing was switched, and the application is served as before.' };

export const checkRollback = defineStep({
  ...checking({
    direction: ROLLBACK,
    checks: ROLLBACK_CHECKS,
    refuse(findings) {
      throw new RollbackRefused(refusal(findings, WORDS));
    },
  }),
});
