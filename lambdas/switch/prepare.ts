/** Everything of a switch that can be done while the application still writes. Whatever fails here has touched nobody. */
import { randomUUID } from 'node:crypto';
import { SwitchFailed, TransientError } from '../errors.ts';
import { lock } from '../sql/sessions.ts';
import { setSynchronousCommit, subscriptionState } from '../sql/subscriptions.ts';
import { Deadline } from './deadline.ts';
import type { Switch } from './direction.ts';
import { shutArriving } from './fence.ts';
import { committedDirection, haveGate, lookAtGates, nextTurn } from './gates.ts';
import { closeLine, type Line, openLine } from './line.ts';
import { bringEverythingOver } from './marker.ts';
import { demandSender } from './sender.ts';
import { prepareSequences, type SequencePlan } from './sequences.ts';
import { dropNext, keepCurrent, prepareNext } from './streams.ts';

export interface Prepared {
  readonly line: Line;
  readonly sequences: SequencePlan;
  /** Who reads the current slot. */
  readonly sender: string;
  /** The turn of the side being left, and the one that this switch will be. */
  readonly seen: number;
  readonly turn: number;
}

/** A change that takes longer than this to arrive would make the fence long for nothing. */
const LONGEST_LAG_MS = 1_000;
const LONGEST_WARM_UP_MS = 30_000;

/**
 * @returns undefined where another visit has switched in this direction meanwhile
 * @throws TransientError where trying again may help; then, as after any other error, everything is as it was before
 */
export async function prepare(one: Switch): Promise<Prepared | undefined> {
  let line: Line | undefined;
  let alone = false;
  try {
    line = await openLine(one);
    await demandToBeAlone(line);
    alone = true;
    const { source, target } =
      one.direction.from === 'source' ? { source: one.leaving, target: one.arriving } : { source: one.arriving, target: one.leaving };
    if (committedDirection(await lookAtGates(source, target)) === one.direction) {
      await closeLine(line);
      return undefined;
    }
    await demandCurrent(one);
    await haveGate(one.leaving);
    await shutArriving(one, line.arriving);
    const gates = await lookAtGates(source, target);
    if (one.input.reverse) await prepareNext(one);
    else await dropNext(one);
    const sequences = await prepareSequences(line.leaving, line.arriving, one.input, one.direction.to);
    await one.arriving.query(setSynchronousCommit(one.current, 'on'));
    const sender = await demandSender(one);
    await one.application.keepOriginal();
    await warmUp(one, line);
    return { line, sequences, sender, seen: gates[one.direction.from]?.turn ?? 0, turn: nextTurn(gates) };
  } catch (error) {
    if (alone) await Promise.allSettled([keepCurrent(one), dropNext(one)]);
    if (line) await closeLine(line);
    throw error;
  }
}

/** Held until the connection ends: a visit that was taken for dead may still be at work. */
async function demandToBeAlone({ leaving }: Line): Promise<void> {
  const [taken] = await leaving.query(lock('switch'));
  if (!taken?.taken) throw new TransientError('Another visit is switching, so nothing was touched. It is tried again.');
}

async function demandCurrent({ arriving, current }: Switch): Promise<void> {
  const [subscription] = await arriving.query(subscriptionState(current));
  if (subscription?.enabled) return;
  throw new SwitchFailed(
    `The subscription ${current} is ${subscription ? 'disabled' : 'gone'}, so nothing was fenced and the application is not affected. ` +
      'Start Replicate, then start again.',
  );
}

/**
 * The same marker as inside the fence, before it, until one is there within a second: every function has run once then, and the lag is
 * known to be short. A worker that was just enabled may take five seconds to begin (wal_retrieve_retry_interval).
 */
async function warmUp({ current }: Switch, line: Line): Promise<void> {
  const patience = new Deadline(LONGEST_WARM_UP_MS);
  for (;;) {
    const began = performance.now();
    try {
      await bringEverythingOver(line, current, { token: `warm-up ${randomUUID()}` }, patience);
    } catch (error) {
      if (!(error instanceof SwitchFailed)) throw error;
      throw new TransientError(
        `Changes take longer than ${LONGEST_WARM_UP_MS / 1000} s to arrive, so nothing was fenced yet. It is tried again.`,
        {
          cause: error,
        },
      );
    }
    if (performance.now() - began < LONGEST_LAG_MS) return;
  }
}
