/** Which way a switch goes. Over and back are the same switch with the sides swapped. */
import type { MigrationInput } from '../config/input.ts';
import { type StreamName, subscriptionName } from '../config/names.ts';
import type { SideName } from '../config/side-name.ts';
import type { Visit } from '../engine/contract.ts';
import type { Application, Hook } from '../ports/application.ts';
import type { ComparisonReaders, Database, Reader } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import type { ReplicationAccess } from '../ports/replication.ts';

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

/** Both databases, by what they are in this switch. */
export interface Parties<Side extends Reader = Database> {
  readonly direction: Direction;
  readonly from: Side;
  readonly to: Side;
  /** Names of subscription and slot. The current slot is on the side being left, the next one on the other. */
  readonly current: string;
  readonly next: string;
}

/** Everything that a switch works with. */
export interface SwitchContext extends Parties {
  readonly input: MigrationInput;
  readonly execution: string;
  readonly results: Visit['results'];
  readonly replication: ReplicationAccess;
  readonly comparison: ComparisonReaders;
  readonly application: Application;
  readonly hook: Hook;
  remainingMs(): number;
  readonly log: Log;
}

interface Given<Side extends Reader = Database> {
  readonly source: Side;
  readonly target: Side;
}

export function partiesOf<Side extends Reader>(direction: Direction, { source, target }: Given<Side>): Parties<Side> {
  const [from, to] = direction === CUTOVER ? [source, target] : [target, source];
  const name = (stream: StreamName) => subscriptionName(source.endpoint.database, stream);
  return { direction, from, to, current: name(direction.current), next: name(direction.next) };
}

export function switchOf(direction: Direction, given: Given & Omit<SwitchContext, keyof Parties>): SwitchContext {
  const { input, execution, results, replication, comparison, application, hook, log } = given;
  return {
    ...partiesOf(direction, given),
    ...{ input, execution, results, replication, comparison, application, hook, log },
    remainingMs: () => given.remainingMs(),
  };
}
