/**
 * State `SwitchBack`: the application goes back from the target to the source, with everything that was written meanwhile. It is the same
 * switch with the sides swapped, and makes the forward stream anew, so that the migration can be cut over again.
 */
import { ROLLBACK } from '../config/direction.ts';
import { defineStep } from '../engine/step.ts';
import { switching } from '../switch/switching.ts';

export const switchBack = defineStep(switching(ROLLBACK));
