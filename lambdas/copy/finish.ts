/** The end of a copy in parts: what is not there as a whole is emptied for the subscription, and what the copy needed is taken away. */
import type { TableName } from '../config/input.ts';
import { keyOf } from '../config/tables.ts';
import type { Database } from '../ports/database.ts';
import type { PartCopy } from '../ports/part-copy.ts';
import { endSessionsOf } from '../postgres/user-code-role.ts';
import * as parts from '../state/copy-parts.sql.ts';
import { recordFinished } from '../state/copy-plan.sql.ts';
import * as copyTables from '../state/copy-tables.sql.ts';
import { emptyTable } from '../state/resyncs.sql.ts';
import { dropCopyRole } from './role.ts';
import { snapshotSeed } from './seed.ts';

/** For the operator, who finds it with the table. */
export const LOST = 'the snapshot that its parts were read from was lost, as by a restart or a failover of the source';

interface FinishContext {
  readonly target: Database;
  readonly copy: PartCopy;
  readonly remainingMs: () => number;
}

/** Milliseconds that are left for looking again. */
const RESERVE_MS = 20_000;

/**
 * Safe to repeat at any point: a table that is left to the stream is emptied again as long as the copy is not recorded as finished.
 * @param lost whether the state that parts are read from is gone
 * @returns false where the time of the visit was over, or another table has come to be left to the stream meanwhile
 */
export async function finish({ target, copy, remainingMs }: FinishContext, lost: boolean): Promise<boolean> {
  const began = remainingMs();
  await target.query(parts.settleParts());
  if (lost) await target.query(copyTables.leaveIncomplete(LOST));
  // Whoever still copies would fill what is emptied here.
  await endSessionsOf(target, copy.role);
  const emptied = new Set<string>();
  for (const table of await target.query(copyTables.streamedTables())) {
    await target.query(emptyTable(nameOf(table)));
    emptied.add(keyOf(table));
    if (remainingMs() < Math.min(RESERVE_MS, began / 4)) return false;
  }
  await snapshotSeed.end(copy);
  await dropCopyRole(target);
  return target.transaction(async (session) => {
    // A worker that nobody waits for any more may have left another table to the stream.
    await session.query(copyTables.holdCopyTables());
    if (!(await session.query(copyTables.streamedTables())).every((table) => emptied.has(keyOf(table)))) return false;
    await session.query(recordFinished());
    return true;
  });
}

const nameOf = ({ schema, table }: TableName): TableName => ({ schema, table });
