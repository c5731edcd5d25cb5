/**
 * Carries out what CopySchema left for after the copy, as listed on the target: indexes first and side by side, then constraints,
 * triggers, policies and the rest; then everything is vacuumed and, where that is wanted, prewarmed. What takes longer than a visit is left
 * to the server and found again.
 */
import { IndexBuildFailed } from '../config/errors.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { warmthNow, warmUp } from '../prewarm/warm-up.ts';
import { carryAccessDue } from '../roles/carry.ts';
import { recordedOn, recordTarget } from '../schema/fingerprint.ts';
import { carryOutAll } from '../schema/post-data/carry-out.ts';
import { buildFailed } from '../schema/post-data/failures.ts';
import type { StatementStatus } from '../schema/post-data/order.ts';
import { countsOf, failuresOf, hasEnded, logWholeWords, standings } from '../schema/post-data/standings.ts';
import type { Warmth } from '../state/warmth.sql.ts';

const NAME = 'BuildIndexes';

interface Seen {
  /** Undefined where the target has no list of statements. */
  readonly all: readonly StatementStatus[] | undefined;
  /** Whether the target's schema is still to be recorded, for CheckCutover to find what changed since. */
  readonly unrecorded: boolean;
  /** Pages that this execution has read into the target's memory; undefined where the input does not ask for it. */
  readonly warmth: Warmth | undefined;
}

export const buildIndexes = defineStep({
  needs: ['target'],
  interrupted: 'Each statement is carried out by itself: what was finished stays, and the rest is open.',

  async inspect(ctx: Looking<'target'>): Promise<Seen> {
    const all = await standings(ctx, NAME);
    if (all?.every(hasEnded)) logWholeWords(ctx, all);
    const sides = all ? await recordedOn(ctx.target) : undefined;
    const warmth = all && ctx.input.prewarm ? await warmthNow(ctx.target, ctx.execution) : undefined;
    return { all, unrecorded: sides !== undefined && !(sides.has('target') && sides.has('target code')), warmth };
  },

  judge({ all, unrecorded, warmth }) {
    if (!all)
      throw new IndexBuildFailed('The target has no list of statements to carry out. Nothing was changed. Run Replicate from its start.');
    if (all.some(({ state }) => state === 'open')) return 'todo';
    if (all.some(({ state }) => state === 'running')) return 'pending';
    const failed = all.filter(({ state }) => state === 'failed');
    if (failed.length > 0) throw buildFailed(failed);
    return unrecorded || warmth?.finished === false ? 'todo' : 'done';
  },

  async act(ctx: Acting<'target'>): Promise<'pending' | undefined> {
    const { target, log } = ctx;
    if ((await carryOutAll(ctx, { builder: NAME, setAccess: () => carryAccessDue(target, log) })) === 'left') return 'pending';
    // Recorded once, when everything is there: from then on, every change of the target's schema is made by others.
    const seen = await buildIndexes.inspect(ctx);
    if (!seen.all?.every(({ state }) => state === 'done')) return 'pending';
    if (seen.unrecorded) await recordTarget(target);
    if (seen.warmth) await warmUp(target, ctx.execution, () => ctx.remainingMs());
    return 'pending';
  },

  evidence: ({ all, warmth }) => ({
    kinds: countsOf(all ?? []),
    failures: failuresOf(all ?? []),
    ...(warmth ? { prewarmed: { relations: warmth.through.length, pages: warmth.blocks, failure: warmth.failure } } : {}),
  }),
});
