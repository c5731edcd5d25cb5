/** How a switch ends, whatever became of it: lifted where it was not committed, carried to its end where it was. Both may be repeated. */
import type { ApplicationView, Reader } from '../contract.ts';
import { MigrationError } from '../errors.ts';
import { liftFence, openGate } from '../sql/gates.ts';
import type { Parties, Switch } from './direction.ts';
import { gateOf } from './gates.ts';
import { changeStreams, dropNext, keepCurrent, streamsLeftToChange } from './streams.ts';

/** What a settlement works with: no login is needed, for nothing new is made. */
export type Settlement = Parties & Pick<Switch, 'execution' | 'application' | 'hook' | 'log' | 'remainingMs'>;

/** After the commit point. The application first, then the streams, and the user's own function when all is done. */
export async function carryToItsEnd(one: Settlement): Promise<void> {
  const { arriving, direction, application, hook, execution } = one;
  await arriving.query(openGate());
  await application.pointAt(direction.to);
  await changeStreams(one);
  await hook.call('after', direction.to, execution);
}

/** What {@link carryToItsEnd} has still to do, in words; empty when the switch is complete. */
export async function outstanding(one: Parties<Reader> & { readonly application: ApplicationView }): Promise<string[]> {
  const { direction, arriving, application } = one;
  const gate = await gateOf(arriving);
  const leadsTo = await application.pointsAt();
  return [
    ...(gate?.state === 'closed' ? [`the ${direction.to} takes no writes yet`] : []),
    ...(leadsTo === direction.from ? [`the application's secret still leads to the ${direction.from}`] : []),
    ...(await streamsLeftToChange(one)),
  ];
}

/**
 * Before the commit point. The fence first, because the application waits for it.
 * @param attempt only if it was this one that fenced
 * @returns what could not be taken back yet, in words
 */
export async function takeBack(one: Parties, attempt?: string): Promise<string[]> {
  await one.leaving.query(liftFence(attempt));
  const rest = await Promise.allSettled([keepCurrent(one), dropNext(one)]);
  return rest.flatMap((part) => (part.status === 'rejected' ? [wordsOf(part.reason)] : []));
}

export const wordsOf = (error: unknown): string => (error instanceof MigrationError ? error.message : String(error));
