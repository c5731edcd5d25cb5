/** Whether the functions that switch, and the one that aborts a switch, can be called. */
import type { SwitchCheck } from './context.ts';

export const functions: SwitchCheck = {
  name: 'the functions of the switch',
  async find(ctx) {
    const uncallable = await ctx.functions.wake();
    return uncallable.map(({ function: arn, reason }) => ({
      code: 'FunctionNotCallable',
      severity: 'blocker',
      objects: [arn],
      message: `This function, which the switch or its way back needs, cannot be called: ${reason}.`,
      remedy: 'Remove the cause that is named here, or deploy the stack again, then start again.',
    }));
  },
};
