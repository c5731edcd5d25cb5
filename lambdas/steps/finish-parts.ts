/**
 * The end of a copy in parts. Every part is there; or those that failed are named; or what parts are read from is lost, and the tables that are not complete
 * are emptied for the subscription, which copies them. While parts are open the machine goes back to the workers.
 */
import { CopyStalled } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import { finish } from '../copy/finish.ts';
import { type CopyUnderWay, copyUnderWay, demandSlot, type Figures, figuresOf, planOn } from '../copy/progress.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { lookAtHistory, type StreamHistory } from '../replication/history.ts';
import { type FailedPart, failedParts, settleParts } from '../state/copy-parts.sql.ts';
import { type StreamedTable, streamedTables } from '../state/copy-tables.sql.ts';
import { workerErrors } from '../state/copy-workers.sql.ts';

type Needs = 'source' | 'target' | 'partCopy';

interface Seen {
  readonly copy: CopyUnderWay | undefined;
  readonly history: StreamHistory | undefined;
  readonly figures: Figures | undefined;
  readonly failed: readonly FailedPart[];
  readonly errors: readonly string[];
  readonly streamed: readonly StreamedTable[];
}

const MOST_SHOWN = 20;
/** Between two rounds of workers. */
const NEXT_ROUND_SECONDS = 15;

const placeOf = ({ tables, range }: FailedPart): string => {
  const [{ schema, table } = { schema: '', table: '' }, ...others] = tables;
  const where =
    range === null ? '' : 'pages' in range ? ` pages ${range.pages[0]} to ${range.pages[1] ?? 'the end'}` : ' a range of its key';
  return `${schema}.${table}${others.length > 0 ? ` or one of ${others.length} other small tables` : ''}${where}`;
};

function stalled({ failed, errors, copy }: Seen): CopyStalled | undefined {
  const totals = copy?.totals;
  if (!totals) return undefined;
  const rest = `${totals.done} of ${totals.parts} parts are there and stay, the slot keeps every change, and the application is not affected.`;
  if (totals.open === 0 && totals.failed > 0) {
    const named = failed.map(
      (part) => `part ${part.part} (${placeOf(part)}): ${part.error ?? 'no word from either server: its sessions were lost each time'}`,
    );
    const more = totals.failed - named.length;
    return new CopyStalled(
      `${totals.failed} parts could not be copied, and every other one was. ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}. ${rest} Remove the cause: ` +
        'repair the row or the constraint on both sides, or the server. Then start Replicate again; it copies these parts and goes on.',
    );
  }
  if (totals.open > 0 && errors.length > 0) {
    return new CopyStalled(
      `Workers of the copy gave up: ${errors.join('; ')}. ${rest} Remove the cause, then start Replicate again; it continues where it stopped.`,
    );
  }
  return undefined;
}

export const finishParts = defineStep({
  needs: ['source', 'target', 'partCopy'],
  interrupted:
    'Parts that are there stay. Tables that are left to the subscription may have been emptied on the target already, as they will be.',

  async inspect({ source, target, execution, previous }: Looking<Needs>): Promise<Seen> {
    const copy = await copyUnderWay(source, target, execution);
    if (!copy) {
      const streamed = (await planOn(target))?.finished ? await target.query(streamedTables()) : [];
      return { copy, history: undefined, figures: undefined, failed: [], errors: [], streamed };
    }
    return {
      copy,
      history: await lookAtHistory(source, target),
      figures: figuresOf(copy, previous, Date.now()),
      failed: await target.query(failedParts(execution, MOST_SHOWN)),
      errors: (await target.query(workerErrors(execution))).map(({ error }) => error),
      streamed: await target.query(streamedTables()),
    };
  },

  judge(seen) {
    const { copy, history } = seen;
    if (!copy || !history) return 'done';
    demandSlot(history, copy.plan);
    if (!copy.seedThere) return 'todo';
    const error = stalled(seen);
    if (error) throw error;
    return 'todo';
  },

  async act({ target, partCopy, remainingMs }: Acting<Needs>, { copy }) {
    if (!copy) return undefined;
    if (copy.seedThere && copy.totals.open > 0) {
      // A target that takes no writes refuses this, too, and says so: no worker could leave a word there.
      await target.query(settleParts());
      return 'pending';
    }
    return (await finish({ target, copy: partCopy, remainingMs }, !copy.seedThere)) ? undefined : 'pending';
  },

  /** A round that brought nothing is not begun again at once, so that its history has room. */
  pollSeconds: ({ figures }) => (figures?.bytesASecond ? NEXT_ROUND_SECONDS : undefined),

  /** Of a copy that is finished by now, what was there before it was. */
  evidence(seen, before): Json {
    const { copy, figures } = seen.copy ? seen : before;
    if (!copy || !figures) return {};
    const shown = seen.streamed.slice(0, MOST_SHOWN).map(({ schema, table, why }) => `${schema}.${table}: ${why}`);
    return {
      ...figures,
      ...(shown.length > 0 ? { copiedBySubscription: shown } : {}),
      ...(copy.seedThere ? {} : { snapshot: 'lost' }),
    };
  },
});
