/** Carries out listed statements within one visit: which of them, on how many sessions, and until when. */
import type { Acting } from '../../engine/contract.ts';
import { builderSettings } from './memory.ts';
import { type Batch, nextBatch, type Tries } from './order.ts';
import { type Builder, buildSettings, type Work } from './post-data.sql.ts';
import { standings } from './standings.ts';
import { countedAs } from './state.ts';
import { StatementPool } from './statement-pool.ts';

/** Before a visit ends: enough to disconnect and to look once more at 10,000 statements, but never more than a quarter of a short visit. */
const LEAVE_BEFORE_MS = 20_000;
const LEAVE_BEFORE_SHARE = 0.25;
/** A statement that is still open when all others were tried is tried once more on the same visit. */
const TURNS_A_VISIT = 2;
/** Between two looks for something new to start, and how many times as long as the look itself. */
const PAUSE_MS = 500;
const PAUSE_SHARE = 5;

export interface Carrying {
  readonly builder: Builder;
  /** Carries out what is due of owners and grants. @default - the step has nothing of this kind */
  readonly setAccess?: () => Promise<void>;
}

/** Whether the visit's time was over before everything was tried. The servers go on with what was started. */
export type Outcome = 'through' | 'left';

/**
 * Every open statement of a step, each {@link TURNS_A_VISIT} times at most.
 * @param isIts which statements the step carries out; of the others, those that are under way keep their tables
 */
export async function carryOutAll(
  ctx: Acting<'target'>,
  carrying: Carrying,
  isIts: (work: Work) => boolean = () => true,
): Promise<Outcome> {
  const { indexWorkers } = ctx.input;
  return withPool(ctx, carrying, async (pool) => {
    const turns = new Map<number, number>();
    for (let round = 1; round <= TURNS_A_VISIT; ) {
      const all = (await standings(ctx, carrying.builder)) ?? [];
      const turn = nextBatch(all.filter(isIts), ({ ordinal }: Work) => (turns.get(ordinal) ?? 0) < round, indexWorkers);
      if (!turn) {
        round += 1;
        continue;
      }
      const elsewhere = all.filter((work) => work.state === 'running' && !isIts(work));
      if ((await pool.take({ ...turn, running: [...turn.running, ...elsewhere] })) === 'left') return 'left';
      for (const { ordinal } of turn.queue) turns.set(ordinal, round);
    }
    return 'through';
  });
}

/** What to start now, and whether it is worth to wait for more. */
export interface Look {
  readonly batch: Batch | undefined;
  readonly goOn: boolean;
}

/** Statements as they become ready, each once a visit, until there is nothing to wait for any more. What runs then is left to the server. */
export async function carryOutAsReady(ctx: Acting<'target'>, carrying: Carrying, look: (tries: Tries) => Promise<Look>): Promise<Outcome> {
  return withPool(ctx, carrying, async (pool) => {
    const tried = new Set<number>();
    for (;;) {
      const began = performance.now();
      const { batch, goOn } = await look({ underWay: pool.underWay, tried });
      const pause = Math.max(PAUSE_MS, (performance.now() - began) * PAUSE_SHARE);
      const lookAgainAt = performance.now() + pause;
      let waiting = batch?.queue ?? [];
      // A look costs more than many a small index, so that what it has found is taken before the next.
      for (let left = pause; left > 0; left = lookAgainAt - performance.now()) {
        const started = batch ? pool.start({ ...batch, queue: waiting }) : [];
        for (const { ordinal } of started) tried.add(ordinal);
        waiting = waiting.filter((work) => !started.includes(work));
        if (!goOn) return 'through';
        if ((await pool.next(left)) === 'left') return 'left';
      }
    }
  });
}

async function withPool(
  { target, input, execution, remainingMs }: Acting<'target'>,
  { builder, setAccess = async () => {} }: Carrying,
  use: (pool: StatementPool) => Promise<Outcome>,
): Promise<Outcome> {
  const [settings] = await target.query(buildSettings());
  if (!settings) return 'left';
  const { stopping, stop } = timeToStop(remainingMs());
  const pool = new StatementPool({
    target,
    step: builder,
    execution: countedAs(builder, execution),
    settings: builderSettings(settings, input.indexWorkers),
    setAccess,
    stopping,
  });
  try {
    return await use(pool);
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
