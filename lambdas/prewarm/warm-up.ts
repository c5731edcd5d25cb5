/**
 * Reads tables and indexes into the target's memory, once an execution: what a server has just built is not in memory after its next restart,
 * or once it was evicted.
 */
import { StatementFailed } from '../config/errors.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import { createWarmth, recordWarmth, type Warmth, warmthExists, warmthOf } from '../state/warmth.sql.ts';
import { piecesOf, planWarming, type Stretch } from './plan.ts';
import { bufferBlocks, createPrewarm, dropPrewarm, prewarmSchema, warm, warmables } from './prewarm.sql.ts';

const COLD: Warmth = { through: [], blocks: 0, finished: false, failure: null };
/** Before a visit ends, as everywhere in BuildIndexes; a piece takes seconds. */
const LEAVE_BEFORE_MS = 60_000;
const LEAVE_BEFORE_SHARE = 0.25;

export async function warmthNow(target: Reader, execution: string): Promise<Warmth> {
  const [there] = await target.query(warmthExists());
  return (there?.exists ? (await target.query(warmthOf(execution)))[0]?.warmth : undefined) ?? COLD;
}

/**
 * As much as a visit has time for. The extension is created and dropped in the transaction that uses it, so that nothing of it is left
 * whatever happens. Where a server refuses it the migration goes on, and the execution says so.
 */
export async function warmUp(target: Database, execution: string, remainingMs: () => number): Promise<void> {
  await target.query(createWarmth());
  const before = await warmthNow(target, execution);
  if (before.finished) return;
  const until = Math.min(LEAVE_BEFORE_MS, remainingMs() * LEAVE_BEFORE_SHARE);
  const after = await target
    .transaction((session) => withPrewarm(session, (schema) => readOn(session, schema, before, () => remainingMs() < until)))
    .catch((error: unknown) => {
      if (!(error instanceof StatementFailed)) throw error;
      return { ...before, finished: true, failure: error.message };
    });
  await target.query(recordWarmth(execution, after));
}

async function withPrewarm<Result>(session: Pick<Session, 'query'>, work: (schema: string) => Promise<Result>): Promise<Result> {
  const [installed] = await session.query(prewarmSchema());
  if (installed) return work(installed.schema);
  await session.query(createPrewarm());
  const result = await work('public');
  await session.query(dropPrewarm());
  return result;
}

async function readOn(session: Pick<Session, 'query'>, schema: string, before: Warmth, isLate: () => boolean): Promise<Warmth> {
  const [buffers] = await session.query(bufferBlocks());
  const plan = planWarming(await session.query(warmables()), buffers?.blocks ?? 0);
  const through = [...before.through];
  let { blocks } = before;
  for (const stretch of plan) {
    if (through.includes(stretch.oid)) continue;
    blocks += await read(session, schema, stretch);
    through.push(stretch.oid);
    if (isLate()) return { ...before, through, blocks };
  }
  return { ...before, through, blocks, finished: true };
}

async function read(session: Pick<Session, 'query'>, schema: string, stretch: Stretch): Promise<number> {
  let blocks = 0;
  for (const { oid, first, last } of piecesOf(stretch)) blocks += (await session.query(warm(schema, oid, first, last)))[0]?.blocks ?? 0;
  return blocks;
}
