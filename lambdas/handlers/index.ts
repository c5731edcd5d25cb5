/** The entry of the bundle that all functions share: one file, and in it every handler. */
export { follow } from './follow.ts';
export { notice } from './notice.ts';
export { handler } from './step.ts';
export { watch } from './watch.ts';
