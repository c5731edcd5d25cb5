/**
 * Builds keys and indexes of tables whose last part is there, beside the workers that copy the others: those keep the network busy, and this the target's
 * processors. When no part is left, what is being built is left to the server, and BuildKeys and BuildIndexes find it. What fails here is only
 * told: what it lacked may come, and those two have the last word.
 */
import type { TableName } from '../config/input.ts';
import type { Json } from '../config/json.ts';
import { BUSY_SECONDS, idlePollSeconds, LONGEST_CHILD_SECONDS } from '../copy/child.ts';
import { type CopyUnderWay, copyUnderWay } from '../copy/progress.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { carryOutAsReady, type Look } from '../schema/post-data/carry-out.ts';
import { readyAhead, type StatementStatus, type Tries } from '../schema/post-data/order.ts';
import { routinesWait } from '../schema/post-data/post-data.sql.ts';
import { countsOf, failuresOf, standings } from '../schema/post-data/standings.ts';
import { completeTables } from '../state/copy-tables.sql.ts';

type Needs = 'source' | 'target';

const NAME = 'BuildCopied';
const MILLISECONDS = 1000;
/** In which the workers, which begin at the same time, take their first parts. */
const FIRST_SECONDS = 60;
/** So long nobody has copied although somebody may: then the workers have given up, and the map has to end for FinishParts to say why. */
const LONGEST_IDLE_SECONDS = 30 * 60;

interface Seen {
  /** Undefined where no parts are listed, or all of them are through. */
  readonly copy: CopyUnderWay | undefined;
  readonly complete: readonly TableName[];
  readonly all: readonly StatementStatus[];
  readonly keysOnly: boolean;
  /** Since the child began. */
  readonly waitedSeconds: number;
  /** Milliseconds since 1970 from which on nobody has copied who may; null where somebody does, and in a pause. */
  readonly idleSince: number | null;
  readonly now: number;
}

async function look(ctx: Looking<Needs>): Promise<Seen> {
  const { source, target, execution, waitedSeconds, previous } = ctx;
  const now = Date.now();
  const copy = await copyUnderWay(source, target, execution);
  const none = { copy, complete: [], all: [], keysOnly: false, waitedSeconds, idleSince: null, now };
  if (!copy) return none;
  // Asked first: a table that becomes complete in between is found by the next look.
  const complete = await target.query(completeTables());
  const [routines] = await target.query(routinesWait());
  const all = (await standings(ctx, NAME, complete)) ?? [];
  const isIdle = copy.totals.working === 0 && copy.plan.workers > 0;
  return { ...none, complete, all, keysOnly: routines?.waits === true, idleSince: isIdle ? (idleBefore(previous) ?? now) : null };
}

function idleBefore(previous: Json | undefined): number | undefined {
  const { idleSince } = (previous ?? {}) as { idleSince?: unknown };
  return typeof idleSince === 'number' ? idleSince : undefined;
}

const NO_TRIES: Tries = { underWay: new Set(), tried: new Set() };

/** Whether parts will be copied beside which something can be built. */
function isCopying({ copy, waitedSeconds }: Seen): boolean {
  return copy?.seedThere === true && copy.totals.open > 0 && waitedSeconds <= LONGEST_CHILD_SECONDS;
}

/** @param tries what this visit has done so far */
function decide(seen: Seen, sessions: number, tries: Tries): Look {
  if (!isCopying(seen)) return { batch: undefined, goOn: false };
  const batch = readyAhead(seen.all, { ...seen, sessions }, tries);
  const isBusy = batch.queue.length + batch.running.length + tries.underWay.size > 0;
  const isCopied = seen.idleSince === null ? (seen.copy?.plan.workers ?? 0) > 0 : seen.waitedSeconds < FIRST_SECONDS;
  return { batch, goOn: isBusy || isCopied };
}

export const buildCopied = defineStep({
  needs: ['source', 'target'],
  interrupted: 'Each key and each index is made by itself: what was finished stays, and the rest is open.',
  inspect: look,

  judge(seen, { indexWorkers }) {
    if (!isCopying(seen)) return 'done';
    if (decide(seen, indexWorkers, NO_TRIES).goOn) return 'todo';
    return seen.idleSince !== null && seen.now - seen.idleSince > LONGEST_IDLE_SECONDS * MILLISECONDS ? 'done' : 'pending';
  },

  async act(ctx: Acting<Needs>): Promise<'pending'> {
    const { indexWorkers } = ctx.input;
    const began = Date.now();
    const waitedSeconds = () => ctx.waitedSeconds + (Date.now() - began) / MILLISECONDS;
    await carryOutAsReady(ctx, { builder: NAME }, async (tries) =>
      decide(await look({ ...ctx, waitedSeconds: waitedSeconds() }), indexWorkers, tries),
    );
    return 'pending';
  },

  pollSeconds: ({ idleSince, copy }, _before, waitedSeconds) =>
    idleSince === null && copy && copy.plan.workers > 0 ? BUSY_SECONDS : idlePollSeconds(waitedSeconds),

  evidence: ({ copy, all, idleSince }) => ({
    openParts: copy?.totals.open ?? 0,
    kinds: countsOf(all),
    failures: failuresOf(all),
    idleSince,
  }),
});
