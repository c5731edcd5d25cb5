/** One switch, from its preparation to its end, in either direction. */
import { randomUUID } from 'node:crypto';
import { SwitchFailed, SwitchIncomplete, TransientError } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import { sentenceOf } from '../engine/unexpected.ts';
import { recordReport } from '../state/gates.sql.ts';
import { type Connections, closeConnections, dropConnections, heldBy } from './connections.ts';
import type { SwitchContext } from './context.ts';
import { type Proof, switchUnderFence } from './critical-section.ts';
import { prepare } from './prepare.ts';
import { abortSwitch, callHook, completeSwitch, type Settlement } from './recovery.ts';
import { underLease } from './sessions.ts';
import { Deadline, retryTransient, Timings } from './timing.ts';

/**
 * @throws TransientError before anything is fenced
 * @throws SwitchFailed where nothing was switched
 * @throws SwitchIncomplete where it was committed, and something after it could not be done
 */
export async function performSwitch(ctx: SwitchContext): Promise<void> {
  const prepared = await prepare(ctx);
  if (!prepared) return; // another visit has switched meanwhile
  const attempt = randomUUID();
  const timings = new Timings();
  const deadline = new Deadline(ctx.input.fenceSeconds * 1000);
  let proof: Proof | undefined;
  let downtimeMs: number | undefined;
  const onCommit = (found: Proof) => {
    proof = found;
  };
  try {
    await deadline.guard(switchUnderFence(ctx, prepared, { attempt, timings, deadline, onCommit }));
    downtimeMs = timings.elapsedMs;
  } catch (error) {
    dropConnections(prepared.connections);
    if (!proof) await unlessCommitted(ctx, attempt, error);
    ctx.log.warn('The switch is committed; what came after it is done again', { error: sentenceOf(error) });
  }
  const report = reportOf(timings, downtimeMs ?? timings.elapsedMs, proof);
  await (downtimeMs === undefined ? complete(ctx) : completeOver(prepared.connections, ctx));
  await ctx.from.query(recordReport(attempt, JSON.stringify(report))).catch((error: unknown) => {
    ctx.log.warn('What the switch took could not be written down', { error: sentenceOf(error), report });
  });
}

/** Over the connections of the switch, which hold its lease; where they are lost, over others. */
async function completeOver(connections: Connections, ctx: SwitchContext): Promise<void> {
  try {
    await completeSwitch(heldBy(connections, ctx));
    await closeConnections(connections);
  } catch (error) {
    dropConnections(connections);
    if (!(error instanceof TransientError)) throw incomplete(ctx, error);
    ctx.log.warn('The switch is committed; what came after it is done again', { error: sentenceOf(error) });
    await complete(ctx);
  }
}

const reportOf = (timings: Timings, downtimeMs: number, proof: Proof | undefined): Json => ({
  downtimeMs,
  parts: timings.parts.map((part) => ({ ...part })),
  roundTrips: { ...timings.roundTrips },
  proved: proof ?? null,
});

/**
 * The answer to a commit may be lost, so it is the gate that tells.
 * @throws SwitchFailed where it was not committed, with everything taken back that could be reached
 */
async function unlessCommitted(ctx: SwitchContext, attempt: string, cause: unknown): Promise<void> {
  const { committed, left } = await retryTransient(ctx, () => abortSwitch(ctx, attempt)).catch((error: unknown) => {
    throw unreachable(ctx, cause, error);
  });
  if (committed) return;
  if (left.length > 0) ctx.log.warn('The fence is lifted; the rest is left to LiftFence', { left });
  await callHook(ctx, 'failed').catch((error: unknown) => {
    ctx.log.warn('The function of yours is told by LiftFence', { error: sentenceOf(error) });
  });
  throw new SwitchFailed(
    `Nothing was switched: ${sentenceOf(cause)} The fence was lifted with the settings that were there before, and the application goes on at ` +
      `the ${ctx.direction.from}. Remove the cause, then start the machine again.`,
    { cause },
  );
}

const unreachable = ({ direction, input }: SwitchContext, cause: unknown, error: unknown): SwitchFailed =>
  new SwitchFailed(
    `Probably nothing was switched: ${sentenceOf(cause)} The ${direction.from} could not be asked, nor its fence be lifted from here ` +
      `(${sentenceOf(error)}). A fence lifts itself ${input.fenceSeconds} seconds after it was raised, unless its switch was committed. LiftFence finds ` +
      'out which it was and does what is left, as soon as both sides can be reached; nothing that was acknowledged is lost. Then start the machine again.',
    { cause },
  );

/**
 * @param epoch the number of the switch, where something else than the gates says that it was committed
 * @throws SwitchIncomplete naming what is left
 */
export async function complete(ctx: Settlement, epoch?: number): Promise<void> {
  try {
    await retryTransient(ctx, () => underLease(ctx, (held) => completeSwitch(held, epoch)));
  } catch (error) {
    throw incomplete(ctx, error);
  }
}

const incomplete = ({ direction }: Pick<Settlement, 'direction'>, cause: unknown): SwitchIncomplete =>
  new SwitchIncomplete(
    `The switch to the ${direction.to} is committed, and the application belongs there; what comes after it is not complete: ` +
      `${sentenceOf(cause)} Remove the cause, then start Recovery: it goes on from here.`,
    { cause },
  );
