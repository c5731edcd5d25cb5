/**
 * State `SwitchOver`: the application goes from the source to the target, in one invocation, losing nothing and with a rollback.
 * Guide W, step 10, and what it omits: how writes are stopped, how it is proved that everything arrived, and how to return.
 */
import { CUTOVER } from '../config/direction.ts';
import { defineStep } from '../engine/step.ts';
import { switching } from '../switch/switching.ts';

export const switchOver = defineStep(switching(CUTOVER));
