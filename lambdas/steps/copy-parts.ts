/**
 * One worker of a copy in parts: a child of the map, visited until no part is left. Where more workers have begun than may work, the one whose number
 * is too high waits. What it cannot copy is named by FinishParts.
 */
import { BUSY_SECONDS, idlePollSeconds, LONGEST_CHILD_SECONDS } from '../copy/child.ts';
import { type CopyUnderWay, copyUnderWay, type Figures, figuresOf } from '../copy/progress.ts';
import { work } from '../copy/worker.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { type TableUnderWay, tablesUnderWay } from '../state/copy-tables.sql.ts';

type Needs = 'source' | 'target' | 'partCopy';

interface Seen {
  readonly worker: number;
  readonly copy: CopyUnderWay | undefined;
  readonly figures: Figures | undefined;
  /** Largest tables of which some parts are there and others are not; the first worker tells of them. */
  readonly underWay: readonly TableUnderWay[];
  /** Seconds since the child began. */
  readonly waitedSeconds: number;
}

const MOST_TABLES_SHOWN = 10;

/** Its number, from the item of the map. */
function numberOf(results: Looking<Needs>['results']): number {
  const { worker } = results;
  return typeof worker === 'number' ? worker : 1;
}

/** Short enough for a display. */
const inWords = ([table]: readonly TableUnderWay[]): string =>
  table ? `${table.schema}.${table.table} ${table.done} of ${table.parts} parts` : '';

export const copyParts = defineStep({
  needs: ['source', 'target', 'partCopy'],
  memoryMb: 512, // with it comes a third of a processor, which passes on some 70 MB a second (`npm run bench:part-memory`)
  interrupted: 'A part is there as a whole or not at all: what was under way is taken back by the server, and another visit copies it.',

  async inspect({ source, target, execution, results, previous, waitedSeconds }: Looking<Needs>): Promise<Seen> {
    const copy = await copyUnderWay(source, target, execution);
    const worker = numberOf(results);
    const underWay = copy && worker === 1 ? await target.query(tablesUnderWay(MOST_TABLES_SHOWN)) : [];
    return { worker, copy, figures: copy && figuresOf(copy, previous, Date.now()), underWay, waitedSeconds };
  },

  judge({ worker, copy, waitedSeconds }) {
    if (!copy?.seedThere || copy.totals.open === 0 || waitedSeconds > LONGEST_CHILD_SECONDS) return 'done';
    return worker > copy.plan.workers ? 'pending' : 'todo';
  },

  async act({ source, target, partCopy, execution, remainingMs, log }: Acting<Needs>, { worker, copy }) {
    if (!copy) return undefined;
    const { seed } = copy.plan;
    await work({ source, target, copy: partCopy, seed, execution, worker, remainingMs, log });
    return 'pending';
  },

  pollSeconds(seen, before, waitedSeconds) {
    const progressed = (seen.copy?.totals.done ?? 0) > (before.copy?.totals.done ?? 0);
    return progressed ? BUSY_SECONDS : idlePollSeconds(waitedSeconds);
  },

  evidence: ({ worker, copy, figures, underWay }) => ({
    worker,
    ...(figures ?? {}),
    ...(underWay.length > 0 ? { largest: inWords(underWay), tables: underWay.map((table) => ({ ...table })) } : {}),
    ...(copy && !copy.seedThere ? { snapshot: 'lost' } : {}),
  }),
});
