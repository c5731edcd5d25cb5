/**
 * One worker of a copy in parts: a child of the map, visited until no part is left. Where more workers have begun than may work, the one whose number
 * is too high waits. What it cannot copy is named by FinishParts.
 */
import { BUSY_SECONDS, idlePollSeconds, LONGEST_CHILD_SECONDS } from '../copy/child.ts';
import { type CopyUnderWay, copyUnderWay, type Figures, figuresOf } from '../copy/progress.ts';
import { work } from '../copy/worker.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';

type Needs = 'source' | 'target' | 'partCopy';

interface Seen {
  readonly worker: number;
  readonly copy: CopyUnderWay | undefined;
  readonly figures: Figures | undefined;
  /** Seconds since the child began. */
  readonly waitedSeconds: number;
}

/** Its number, from the item of the map. */
function numberOf(results: Looking<Needs>['results']): number {
  const { worker } = results;
  return typeof worker === 'number' ? worker : 1;
}

export const copyParts = defineStep({
  needs: ['source', 'target', 'partCopy'],
  memoryMb: 512, // 1,769 MB come with a whole processor; a part is bytes that are passed on
  interrupted: 'A part is there as a whole or not at all: what was under way is taken back by the server, and another visit copies it.',

  async inspect({ source, target, execution, results, previous, waitedSeconds }: Looking<Needs>): Promise<Seen> {
    const copy = await copyUnderWay(source, target, execution);
    return { worker: numberOf(results), copy, figures: copy && figuresOf(copy, previous, Date.now()), waitedSeconds };
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

  evidence: ({ worker, copy, figures }) => ({
    worker,
    ...(figures ?? {}),
    ...(copy && !copy.seedThere ? { snapshot: 'lost' } : {}),
  }),
});
