/**
 * Builds keys and indexes of tables whose last part is there, beside the workers that copy the others: the one takes the target's processors, the
 * other the network. When no part is left, what is being built is left to the server, and BuildKeys and BuildIndexes find it. What fails here
 * is only told: what it lacked may come, and those two have the last word.
 */
import type { TableName } from '../config/input.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { carryOutAsReady, type Look } from '../schema/post-data/carry-out.ts';
import { readyAhead, type StatementStatus, type Tries } from '../schema/post-data/order.ts';
import { routinesWait } from '../schema/post-data/post-data.sql.ts';
import { countsOf, failuresOf, standings } from '../schema/post-data/standings.ts';
import { type CopyTotals, completeTables, copyPartsExist, copyTotals } from '../state/copy-parts.sql.ts';

const NAME = 'BuildCopied';

interface Seen {
  /** Undefined where rows are not copied in parts, or none are listed. */
  readonly totals: CopyTotals | undefined;
  readonly complete: readonly TableName[];
  readonly all: readonly StatementStatus[];
  readonly keysOnly: boolean;
}

async function look(ctx: Looking<'target'>): Promise<Seen> {
  const { target, execution } = ctx;
  const [parts] = await target.query(copyPartsExist());
  const [totals] = parts?.exists ? await target.query(copyTotals(execution)) : [];
  if (!totals) return { totals, complete: [], all: [], keysOnly: false };
  // Asked first: a table that becomes complete in between is found by the next look.
  const complete = await target.query(completeTables());
  const [routines] = await target.query(routinesWait());
  return { totals, complete, all: (await standings(ctx, NAME, complete)) ?? [], keysOnly: routines?.waits === true };
}

/** @param tries what this visit has done so far */
function decide(seen: Seen, sessions: number, tries: Tries): Look {
  if (!isCopying(seen)) return { batch: undefined, goOn: false };
  const batch = readyAhead(seen.all, { ...seen, sessions }, tries);
  const busy = batch.queue.length + batch.running.length + tries.underWay.size > 0;
  return { batch, goOn: busy || (seen.totals?.working ?? 0) > 0 };
}

const isCopying = ({ totals }: Seen): boolean => totals !== undefined && totals.open > 0;
const NO_TRIES: Tries = { underWay: new Set(), tried: new Set() };

export const buildCopied = defineStep({
  needs: ['target'],
  interrupted: 'Each key and each index is made by itself: what was finished stays, and the rest is open.',

  inspect: look,

  judge(seen, { indexWorkers }) {
    if (!isCopying(seen)) return 'done';
    return decide(seen, indexWorkers, NO_TRIES).goOn ? 'todo' : 'pending';
  },

  async act(ctx: Acting<'target'>): Promise<'pending'> {
    const { indexWorkers } = ctx.input;
    await carryOutAsReady(ctx, { builder: NAME }, async (tries) => decide(await look(ctx), indexWorkers, tries));
    return 'pending';
  },

  evidence: ({ totals, all }) => ({
    way: totals ? 'parts' : 'stream',
    openParts: totals?.open ?? 0,
    kinds: countsOf(all),
    failures: failuresOf(all),
  }),
});
