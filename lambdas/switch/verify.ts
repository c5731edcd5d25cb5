/** `"verify": "fence"`: every row compared once more while nothing moves on either side. */
import { advance, finish, nextTable, type Progress, resume, within } from '../comparison/progress.ts';
import { differenceMessage } from '../comparison/report.ts';
import { openSides } from '../comparison/sides.ts';
import { passingSmall } from '../comparison/small.ts';
import { compareNextPart } from '../comparison/table.ts';
import { SwitchFailed } from '../config/errors.ts';
import { publishedTables } from '../postgres/tables.sql.ts';
import type { SwitchContext } from './context.ts';
import type { Deadline } from './deadline.ts';

/** @throws SwitchFailed where rows differ, or where the time of the fence does not suffice */
export async function compareUnderFence(ctx: SwitchContext, deadline: Deadline): Promise<Progress> {
  const { direction, input } = ctx;
  const comparison = { source: ctx.comparison[direction.from], target: ctx.comparison[direction.to] };
  const sides = await openSides({ comparison, remainingMs: () => deadline.remainingMs });
  const tables = await comparison.source.query(publishedTables(input));
  const passSmall = passingSmall(sides, tables);
  for (let progress = resume(undefined); ; ) {
    const table = nextTable(tables, progress.cursor);
    if (!table) return proved(finish(progress));
    if (deadline.remainingMs === 0) {
      throw new SwitchFailed(
        `The time of the fence was over when ${progress.tables} of ${tables.length} tables were compared. ` +
          'Give it more with fenceSeconds, or leave out "verify": "fence".',
      );
    }
    const passed = await passSmall(progress);
    if (passed !== progress) {
      progress = passed;
      continue;
    }
    const part = await compareNextPart(sides, table, within(progress, table));
    if (part) progress = advance(progress, table, part);
  }
}

function proved(progress: Progress): Progress {
  if (progress.different.length > 0) throw new SwitchFailed(differenceMessage(progress));
  return progress;
}
