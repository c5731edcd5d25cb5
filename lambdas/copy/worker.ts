/** One visit of a worker: part after part, until none is left, its number may not work any more, or its time is over. */
import { createHash } from 'node:crypto';
import { MigrationError, StatementFailed, TransientError, VerificationError } from '../config/errors.ts';
import { applicationName } from '../config/names.ts';
import type { Reader } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';
import { withCode } from '../postgres/server-words.ts';
import * as sqlstate from '../postgres/sqlstates.ts';
import * as parts from '../state/copy-parts.sql.ts';
import { copyPlan } from '../state/copy-plan.sql.ts';
import * as copyWorkers from '../state/copy-workers.sql.ts';
import { copyPart, type Ends, type PartContext, TableOccupied } from './copy-part.ts';
import { SeedLost } from './seed.ts';
import { splitOrLeave } from './split.ts';
import * as sql from './statements.sql.ts';

export interface WorkerContext extends PartContext {
  /** As our own role. */
  readonly source: Reader;
  /** Milliseconds before the function must return. */
  readonly remainingMs: () => number;
  readonly log: Log;
}

/** Before a visit ends: enough to give up a part and to look once more, but never more than a quarter of a short visit. */
const LEAVE_BEFORE_MS = 30_000;
const LEAVE_BEFORE_SHARE = 0.25;
/** A part is begun only if it would be through in this multiple of the time that it should take. */
const MARGIN = 1.5;
/** Parts to look at; the others are taken by other workers. */
const CANDIDATES = 20;

/**
 * Whether a server refuses everything for a while, not this part: its disk is full, it takes no writes, it lacks memory. What code of users says of
 * that holds for its own table.
 */
const isOfTheServer = ({ complaint: { code = '', culprit }, isExplained }: StatementFailed): boolean =>
  culprit === undefined && (isExplained || /^5[38]/.test(code) || code === sqlstate.READ_ONLY_SQL_TRANSACTION);

/** Begins the application names of a worker's sessions in one execution. */
const tagOf = (worker: number, execution: string): string =>
  `${worker} ${createHash('sha256').update(execution).digest('hex').slice(0, 8)} `;

/** @returns bytes that were copied */
export async function work(ctx: WorkerContext): Promise<number> {
  const { target, execution, worker, remainingMs } = ctx;
  const visitMs = remainingMs();
  const leaveMs = Math.min(LEAVE_BEFORE_MS, visitMs * LEAVE_BEFORE_SHARE);
  const began = Date.now();
  const tag = tagOf(worker, execution);
  let ends: Ends | undefined;
  let bytes = 0;
  try {
    // Whoever has committed a part may have died before it could say so.
    await target.query(parts.settleParts());
    for (let first = true; ; first = false) {
      const part = await nextPart(ctx);
      if (!part) break;
      const neededMs = bytes === 0 ? 0 : (part.bytes / bytes) * (Date.now() - began);
      if (remainingMs() - leaveMs < neededMs * MARGIN) break;
      ends ??= await openEnds(ctx, tag);
      const result = await attempt(ctx, ends, part, { leaveMs, whole: first });
      if (result.lost) ends = undefined;
      bytes += result.bytes;
      if (result.stop) break;
    }
    await target.query(copyWorkers.noteWorker(worker, execution, null));
    return bytes;
  } catch (error) {
    if (error instanceof SeedLost) return bytes;
    if (error instanceof MigrationError) await target.query(copyWorkers.noteWorker(worker, execution, null, error.message)).catch(() => {});
    throw error;
  } finally {
    if (ends) await Promise.all([ends.source.end(), ends.target.end()]);
  }
}

/** Undefined where nothing is left to be taken, or where this worker may not work. */
async function nextPart({ target, execution, worker }: WorkerContext): Promise<parts.OpenPart | undefined> {
  const [plan] = await target.query(copyPlan());
  if (!plan || plan.workers < worker) return undefined;
  const open = await target.query(parts.openParts(execution, CANDIDATES));
  // What has failed already is not tried at the same time by all.
  const fresh = open.filter(({ attempts }) => attempts === (open[0]?.attempts ?? 0));
  return fresh[0];
}

/** What an earlier visit of this worker has left at the servers is ended: whoever called it does not wait for it any more. */
async function openEnds({ copy }: WorkerContext, tag: string): Promise<Ends> {
  const source = await copy.openSource(`${tag}`);
  try {
    const target = await copy.openTarget(`${tag}`);
    const prefix = applicationName('CopyParts', tag);
    await Promise.all([source.query(sql.endVisits(prefix)), target.query(sql.endVisits(prefix))]);
    return { source, target };
  } catch (error) {
    source.leave();
    throw error;
  }
}

interface Attempted {
  readonly bytes: number;
  /** Whether the sessions are gone. */
  readonly lost: boolean;
  /** Whether the visit has to end. */
  readonly stop: boolean;
}

/**
 * @param leaveMs before the end of the visit at which the part is given up
 * @param whole whether it had a visit for itself: then it is too long for one
 */
async function attempt(
  ctx: WorkerContext,
  ends: Ends,
  part: parts.OpenPart,
  { leaveMs, whole }: { readonly leaveMs: number; readonly whole: boolean },
): Promise<Attempted> {
  const leave = () => {
    ends.source.leave();
    ends.target.leave();
  };
  let isOver = false;
  const timer = setTimeout(
    () => {
      isOver = true;
      leave();
    },
    Math.max(0, ctx.remainingMs() - leaveMs),
  );
  let xid: string | undefined;
  try {
    const onBegun = (begun: string) => {
      xid = begun;
    };
    const outcome = await copyPart(ctx, ends, part, { onBegun });
    // Others of its tables are still to be copied.
    if (outcome.is === 'moved') await ctx.target.query(parts.forgetAttempt(part.part));
    return { bytes: outcome.is === 'copied' ? outcome.bytes : 0, lost: false, stop: false };
  } catch (error) {
    leave();
    if (isOver) {
      if (whole) await splitOrLeave(ctx, part, xid);
      else await ctx.target.query(parts.forgetAttempt(part.part));
      return { bytes: 0, lost: true, stop: true };
    }
    await note(ctx, part, error);
    return { bytes: 0, lost: true, stop: false };
  } finally {
    clearTimeout(timer);
  }
}

/** Takes note of what a part failed for. @throws what has nothing to do with this part */
async function note({ target, log }: WorkerContext, { part, tables }: parts.OpenPart, error: unknown): Promise<void> {
  if (error instanceof TableOccupied) return void (await target.query(parts.failPart(part, null, error.message, true)));
  if (error instanceof StatementFailed) {
    const { code = '' } = error.complaint;
    if (isOfTheServer(error)) {
      await target.query(parts.forgetAttempt(part));
      throw error;
    }
    log.warn('A part was refused', { part, tables: tables.slice(0, 3).map(({ schema, table }) => `${schema}.${table}`), code });
    return void (await target.query(parts.failPart(part, code, withCode(error.message, code), code !== sqlstate.QUERY_CANCELED)));
  }
  if (error instanceof TransientError || error instanceof VerificationError) {
    await target.query(parts.failPart(part, null, error.message, false));
    return;
  }
  throw error;
}
