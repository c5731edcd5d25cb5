/** State `CheckRollback`: refuses a way back that would lose what was written since the switch, with every reason at once. */
import { checking } from '../cutover/check.ts';
import { ROLLBACK_CHECKS } from '../cutover/index.ts';
import { RollbackRefused } from '../errors.ts';
import { SWITCH_KEYS } from '../input.ts';
import { refusal } from '../readiness/report.ts';
import { defineStep } from '../step.ts';
import { BACK } from '../switch/direction.ts';

const ROLLBACK = { name: 'the way back to the source', untouched: 'Nothing was switched, and the application is served as before.' };

export const checkRollback = defineStep({
  understands: SWITCH_KEYS,
  ...checking({
    direction: BACK,
    checks: ROLLBACK_CHECKS,
    refuse(findings) {
      throw new RollbackRefused(refusal(findings, ROLLBACK));
    },
  }),
});
