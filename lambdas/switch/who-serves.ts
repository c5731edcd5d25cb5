/** What becomes of an error that a switch did not expect: it has to say whether the switch was committed, and who serves the application. */
import type { Direction } from '../config/direction.ts';
import { MigrationError, StatementFailed, SwitchFailed, SwitchIncomplete } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import { sentenceOf } from '../engine/unexpected.ts';
import type { Reader } from '../ports/database.ts';
import { committedDirection, type Gates, lookAtGates, servingSide } from '../state/gates.ts';

type Sides = Readonly<Record<SideName, Reader>>;

/**
 * @throws SwitchFailed, SwitchIncomplete in place of an error that is not ours, or that a server refused without anybody having said what it
 *   means; the gates are looked at only then
 */
export async function sayingWhoServes<Result>(direction: Direction, sides: Sides, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MigrationError && !(error instanceof StatementFailed)) throw error;
    const gates = await lookAtGates(sides.source, sides.target).catch(() => undefined);
    throw gates ? told(direction, gates, error) : unknown(error);
  }
}

/** The same of what only puts into words what was seen. */
export function sayingWhoServed<Result>(direction: Direction, gates: Gates, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof MigrationError ? error : told(direction, gates, error);
  }
}

function told(direction: Direction, gates: Gates, cause: unknown): MigrationError {
  const { from, to } = direction;
  if (committedDirection(gates) === direction) {
    return new SwitchIncomplete(
      `The switch to the ${to} is committed, and the application belongs there; then something was met that nobody expected. ` +
        `${sentenceOf(cause)} Remove the cause, then start Recovery: it does what is left.`,
      { cause },
    );
  }
  const fence =
    gates[from]?.state === 'fenced' ? `the ${from} is fenced for now, and LiftFence, which follows, lifts the fence` : 'nothing is fenced';
  return new SwitchFailed(
    `Nothing was switched: the commit point was not passed, ${fence}, and the application is served by the ${servingSide(gates)}. ` +
      `${sentenceOf(cause)} Remove the cause, then start the machine again.`,
    { cause },
  );
}

const unknown = (cause: unknown): SwitchFailed =>
  new SwitchFailed(
    'Something was met that nobody expected, and the gates could not be asked whether the switch was committed: LiftFence, which follows, finds ' +
      `out, lifts the fence where it was not, and carries it to its end where it was. ${sentenceOf(cause)}`,
    { cause },
  );
