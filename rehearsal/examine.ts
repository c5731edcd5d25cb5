/** The rehearsal's own comparison of both sides, when the writers have stopped and before anything is cleaned up. */
import type { Exclusions } from '../lambdas/config/input.ts';
import type { SideName } from '../lambdas/config/side-name.ts';
import { everythingArrived } from './arrival.ts';
import { otherSide } from './course.ts';
import type { Progress } from './display/progress.ts';
import { type AccessComparison, compareAccess, NOT_CARRIED } from './inventory/access.ts';
import { compareIndexes, type IndexComparison } from './inventory/indexes.ts';
import { lookAtBoth } from './inventory/look.ts';
import { scopeOf } from './inventory/scope.ts';
import { compareSequences, type SequenceComparison } from './inventory/sequences.ts';
import { compareTables, type TableComparison, tableBytes } from './inventory/tables.ts';
import type { Sides } from './sides.ts';
import { auditWrites } from './workload/audit-writes.ts';
import type { Audit, Journal } from './workload/journal.ts';
import type { Subject } from './workload/subject.ts';

export interface Examined {
  readonly sides: Pick<Sides, 'source' | 'target'>;
  readonly journal: Journal;
  readonly subjects: readonly Subject[];
  /** The side that serves the application. */
  readonly serving: SideName;
  /** Whether the application was switched to the target at some time. */
  readonly switched: boolean;
  /** Tables and schemas that the input of the migration leaves out. @default - none */
  readonly leftOut?: Exclusions;
  /** Whether owners, grants and settings were to be carried. @default - they were not */
  readonly carried?: boolean;
  readonly progress: Progress;
}

export interface Examination {
  /** Whether the last change made at the serving side reached the other one. */
  readonly arrived: boolean;
  readonly audit: Audit;
  readonly tables: TableComparison;
  readonly sequences: SequenceComparison;
  readonly indexes: IndexComparison;
  readonly access: AccessComparison;
  /** Of all tables. */
  readonly bytes: number;
}

export async function examine({
  sides,
  journal,
  subjects,
  serving,
  switched,
  progress,
  carried = false,
  leftOut = { excludeSchemas: [], excludeTables: [] },
}: Examined): Promise<Examination> {
  progress.say('Writers stopped; waiting for the last of their writes, then comparing both sides');
  const arrived = await everythingArrived(sides, serving);
  // Before a switch it is the copy that has to prove itself; afterwards whatever serves the application.
  const judged = switched ? serving : 'target';
  const audit = await auditWrites(journal, subjects, sides[judged]);
  return lookAtBoth(sides, async (both) => {
    const scope = await scopeOf(both.source, leftOut);
    return {
      arrived,
      audit,
      tables: await compareTables(both, scope),
      sequences: await compareSequences({ source: both[otherSide(judged)], target: both[judged] }, scope),
      indexes: await compareIndexes(both, scope, serving === 'source'),
      access: carried ? await compareAccess(both, scope) : NOT_CARRIED,
      bytes: (await both.source(tableBytes()))[0]?.bytes ?? 0,
    };
  });
}
