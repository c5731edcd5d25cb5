/** What a switch works with: its sides and streams, its input, and what it reaches. */
import type { Direction } from '../config/direction.ts';
import type { MigrationInput } from '../config/input.ts';
import type { SideName } from '../config/side-name.ts';
import type { Visit } from '../engine/contract.ts';
import type { Application, Hook } from '../ports/application.ts';
import type { ComparisonReaders, Database } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import type { ReplicationAccess } from '../ports/replication.ts';
import { type Parties, partiesOf } from '../replication/streams.ts';

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

export function switchOf(direction: Direction, given: Record<SideName, Database> & Omit<SwitchContext, keyof Parties>): SwitchContext {
  const { input, execution, results, replication, comparison, application, hook, log } = given;
  return {
    ...partiesOf(direction, given),
    input,
    execution,
    results,
    replication,
    comparison,
    application,
    hook,
    log,
    remainingMs: () => given.remainingMs(),
  };
}
