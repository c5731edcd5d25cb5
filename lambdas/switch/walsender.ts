/**
 * Whether the stream was one and the same all the time. A slot that is dropped and made again under its name goes on without an error and
 * without the changes in between, and leaves no trace of that. But a slot cannot be dropped while it is read: as long as one process
 * reads it, it is the one that it was.
 */
import { CUTOVER, type Direction } from '../config/direction.ts';
import { SwitchFailed, TransientError } from '../config/errors.ts';
import { senderOf } from '../replication/walsenders.sql.ts';
import type { SwitchContext } from './context.ts';
import type { Confirmed } from './waits.sql.ts';

/** Looking up an age takes time, in which one grows older. */
const IMPRECISION_SECONDS = 1;

/**
 * @returns who reads the current slot, to be shown to {@link demandSameWalsender}
 * @throws SwitchFailed where the comparison of this execution began before the stream did: it does not vouch for what came between
 */
export async function demandWalsender({ from, current, direction, input, results }: SwitchContext): Promise<string> {
  const [sender] = await from.query(senderOf(current));
  if (!sender) throw new TransientError(`Nobody reads the slot ${current} just now, so nothing was fenced yet. It is tried again.`);
  const since = (results.CompareData as { readonly since?: unknown } | undefined)?.since;
  if (direction !== CUTOVER || input.verify === 'fence' || typeof since !== 'string') return sender.identity;
  const comparedFor = (Date.now() - Date.parse(since)) / 1000;
  if (sender.seconds !== null && sender.seconds + IMPRECISION_SECONDS >= comparedFor) return sender.identity;
  throw new SwitchFailed(
    'The stream was interrupted after the comparison had begun, so the comparison does not vouch for what came after. Nothing was fenced, ' +
      `and the application is not affected. ${startAgain(direction)}`,
  );
}

/** @throws SwitchFailed where another process reads the slot by now */
export function demandSameWalsender(direction: Direction, before: string, { sender }: Confirmed): void {
  if (sender === before) return;
  throw new SwitchFailed(
    'The stream was interrupted while the switch was under way, so it cannot be told whether everything arrived; the log of the ' +
      `${direction.to} names what stopped it. ${startAgain(direction)}`,
  );
}

const startAgain = (direction: Direction): string =>
  direction === CUTOVER
    ? 'Start again: the data are compared once more.'
    : 'Start again with "verify": "fence", which compares every row before it switches.';
