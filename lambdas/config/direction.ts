/** Which way a switch goes. Over and back are the same switch with the sides swapped. */
import type { StreamName } from './names.ts';
import type { SideName } from './side-name.ts';

export interface Direction {
  /** The side that serves the application, and is left. */
  readonly from: SideName;
  /** The side that is arrived at. */
  readonly to: SideName;
  /** The stream that brings the changes of `from` to `to`, and ends with the switch. */
  readonly current: StreamName;
  /** The stream that brings the changes of `to` back to `from` from the switch on. */
  readonly next: StreamName;
}

export const CUTOVER: Direction = { from: 'source', to: 'target', current: 'forward', next: 'reverse' };
export const ROLLBACK: Direction = { from: 'target', to: 'source', current: 'reverse', next: 'forward' };
