/**
 * Step 4 of the guide "Migrate from Aurora to PlanetScale" compares row counts. This compares every value of every published table, by
 * sums of row hashes over ranges of the primary key, while the source is written to. It only reads.
 */
import { advance, finish, nextTable, type Progress, resume, within } from '../comparison/progress.ts';
import { differenceMessage } from '../comparison/report.ts';
import { openSides } from '../comparison/sides.ts';
import { passingSmall } from '../comparison/small.ts';
import { watchStream } from '../comparison/stream.ts';
import { compareNextPart } from '../comparison/table.ts';
import { DataDiffers, StatementFailed, TransientError } from '../config/errors.ts';
import type { TableName } from '../config/input.ts';
import type { Looking } from '../engine/contract.ts';
import { COMPARISON_RESERVE_MS } from '../engine/reserves.ts';
import { refuseBesideOlder } from '../engine/single-execution.ts';
import { defineStep } from '../engine/step.ts';
import { QUERY_CANCELED } from '../postgres/sqlstates.ts';
import { publishedTables } from '../postgres/tables.sql.ts';
import { demandSameColumns } from '../schema/column-drift.ts';

const isTimeout = (error: unknown): error is StatementFailed => error instanceof StatementFailed && error.complaint.code === QUERY_CANCELED;

/** Only a table without a usable key is looked at in one piece, so only such a table can take longer than a visit. */
const tooLong = ({ schema, table }: TableName, cause: StatementFailed): StatementFailed =>
  new StatementFailed(
    `Comparing "${schema}"."${table}" takes longer than one visit may, so nothing is known of it. Nothing was changed. Give it a primary key, ` +
      'or leave it out with excludeTables and compare it by other means, then start again.',
    cause.complaint,
    { cause, isExplained: true },
  );

/** Before anything is compared: a column that only one side has is no row that differs. */
const demandSchema = ({ comparison: { source, target }, input }: Looking<'comparison'>): Promise<void> =>
  demandSameColumns(source, target, input);

export const compareData = defineStep({
  needs: ['executions', 'comparison'],

  /** Goes on from where the last visit stopped, one part after the other until the time is up; at least one. */
  async inspect(ctx): Promise<Progress> {
    if (ctx.previous === undefined) await refuseBesideOlder(ctx.executions); // it is the first state of Cutover
    await demandSchema(ctx);
    const stream = await watchStream(ctx);
    const sides = await openSides(ctx, () => stream.demand());
    const tables = await ctx.comparison.source.query(publishedTables(ctx.input));
    const passSmall = passingSmall(sides, tables);
    const start = resume(ctx.previous);
    for (let progress = start; ; ) {
      const table = nextTable(tables, progress.cursor);
      if (!table) return finish(progress);
      try {
        const passed = await passSmall(progress);
        if (passed !== progress) {
          progress = passed;
          if (ctx.remainingMs() < COMPARISON_RESERVE_MS) return progress;
          continue;
        }
        const part = await compareNextPart(sides, table, within(progress, table));
        if (!part) {
          await stream.demand(); // the target is behind: it may be for good
          return progress;
        }
        if (part.reason !== null) await demandSchema(ctx);
        progress = advance(progress, table, part);
      } catch (error) {
        // What was compared before time ran out or a connection broke stays compared. A visit that has compared nothing fails.
        if (progress !== start && (error instanceof TransientError || isTimeout(error))) return progress;
        throw isTimeout(error) ? tooLong(table, error) : error;
      }
      if (ctx.remainingMs() < COMPARISON_RESERVE_MS) return progress;
    }
  },

  judge(progress) {
    if (!progress.finished) return 'pending';
    if (progress.different.length > 0) throw new DataDiffers(differenceMessage(progress));
    return 'done';
  },

  evidence: ({ tables, rows, bytes, different, moreDifferent, moving, largest, cursor, finished }) => ({
    tables,
    rows,
    bytes,
    different: different.map((one) => ({ ...one, rows: one.rows.map((row) => ({ ...row })) })),
    moreDifferent,
    moving,
    largest: largest.map((table) => ({ ...table })),
    cursor: cursor && { ...cursor, within: cursor.within && { ...cursor.within } },
    finished,
  }),
});
