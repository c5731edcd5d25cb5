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
import { buildFailed, type Failure, failureOf, wordsOf } from '../schema/post-data/failures.ts';
import { builderSettings } from '../schema/post-data/memory.ts';
import { nextBatch, type StatementStatus } from '../schema/post-data/order.ts';
import { buildSettings, postDataExists, type Work, workList } from '../schema/post-data/post-data.sql.ts';
import { type State, stateOf } from '../schema/post-data/state.ts';
import { StatementPool } from '../schema/post-data/statement-pool.ts';
import type { Warmth } from '../state/warmth.sql.ts';

const NAME = 'BuildIndexes';
/** Before a visit ends: enough to disconnect and to look once more at 10,000 statements, but never more than a quarter of a short visit. */
const LEAVE_BEFORE_MS = 20_000;
const LEAVE_BEFORE_SHARE = 0.25;
/** A statement that is still open when all others were tried is tried once more on the same visit. */
const TURNS_A_VISIT = 2;
/** Step Functions keeps 256 KiB of state for all steps together. */
const MOST_FAILURES_SHOWN = 50;

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
    const all = await standings(ctx);
    if (all?.every(({ state }) => state === 'done' || state === 'failed')) logWholeWords(ctx, all);
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
    if ((await carryOutAll(ctx)) === 'left') return 'pending';
    // Recorded once, when everything is there: from then on, every change of the target's schema is made by others.
    const seen = await buildIndexes.inspect(ctx);
    if (!seen.all?.every(({ state }) => state === 'done')) return 'pending';
    if (seen.unrecorded) await recordTarget(ctx.target);
    if (seen.warmth) await warmUp(ctx.target, ctx.execution, () => ctx.remainingMs());
    return 'pending';
  },

  evidence: ({ all, warmth }) => ({
    kinds: countsOf(all ?? []),
    failures: failuresOf(all ?? []),
    ...(warmth ? { prewarmed: { relations: warmth.through.length, pages: warmth.blocks, failure: warmth.failure } } : {}),
  }),
});

async function standings({ target, execution }: Looking<'target'>): Promise<readonly StatementStatus[] | undefined> {
  const [there] = await target.query(postDataExists());
  if (!there?.exists) return undefined;
  return (await target.query(workList(NAME))).map((work) => ({ ...work, state: stateOf(work, execution) }));
}

/** Logs the part that a message leaves out. The server has kept it, because the client may have been gone when it was sent. */
function logWholeWords({ log }: Looking<'target'>, all: readonly StatementStatus[]): void {
  for (const work of all) {
    const whole = work.state === 'failed' ? wordsOf(work)?.whole : undefined;
    if (whole !== undefined)
      log.warn('What the server said', { ordinal: work.ordinal, object: work.object, code: work.code, server: whole });
  }
}

/** Carries out every open statement. `left` where the visit's time was over before that. */
async function carryOutAll(ctx: Acting<'target'>): Promise<'taken' | 'left'> {
  const { target, input, execution } = ctx;
  const [settings] = await target.query(buildSettings());
  if (!settings) return 'left';
  const { stopping, stop } = timeToStop(ctx.remainingMs());
  const pool = new StatementPool({
    target,
    step: NAME,
    execution,
    settings: builderSettings(settings, input.indexWorkers),
    setAccess: () => carryAccessDue(target, ctx.log),
    stopping,
  });
  const turns = new Map<number, number>();
  try {
    for (let round = 1; round <= TURNS_A_VISIT; ) {
      const all = (await standings(ctx)) ?? [];
      const turn = nextBatch(all, ({ ordinal }: Work) => (turns.get(ordinal) ?? 0) < round, input.indexWorkers);
      if (!turn) {
        round += 1;
        continue;
      }
      if ((await pool.take(turn)) === 'left') return 'left';
      for (const { ordinal } of turn.queue) turns.set(ordinal, round);
    }
    return 'taken';
  } finally {
    stop();
    await pool.dismiss();
  }
}

function timeToStop(remainingMs: number): { stopping: Promise<void>; stop(): void } {
  const { promise: stopping, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, remainingMs - Math.min(LEAVE_BEFORE_MS, remainingMs * LEAVE_BEFORE_SHARE));
  return { stopping, stop: () => clearTimeout(timer) };
}

function countsOf(all: readonly StatementStatus[]): Record<string, Record<State, number>> {
  const kinds: Record<string, Record<State, number>> = {};
  for (const { kind, state } of all) {
    kinds[kind] ??= { done: 0, running: 0, failed: 0, open: 0 };
    kinds[kind][state] += 1;
  }
  return kinds;
}

const failuresOf = (all: readonly StatementStatus[]): { [Key in keyof Failure]: Failure[Key] }[] =>
  all
    .filter(({ state }) => state === 'failed')
    .slice(0, MOST_FAILURES_SHOWN)
    .map(failureOf);
