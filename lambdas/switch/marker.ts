/** The proof that everything arrived: a marker written behind the last change, seen on the other side, and confirmed to be stored there. */
import type { Session } from '../contract.ts';
import { SwitchFailed } from '../errors.ts';
import { writeBeat } from '../sql/heartbeat.ts';
import { awaitBeat, awaitConfirmed } from '../sql/waits.ts';
import type { Deadline } from './deadline.ts';

/** @returns where the WAL of the side being left ended, behind the marker */
export async function bringEverythingOver(
  { leaving, arriving }: { readonly leaving: Session; readonly arriving: Session },
  slot: string,
  token: string,
  deadline: Deadline,
  meanwhile: () => Promise<void>,
): Promise<string> {
  await leaving.query(writeBeat(token));
  const arrival = arriving.query(awaitBeat(token, deadline.remainingMs));
  const [[beat], confirmed] = await Promise.all([
    arrival,
    meanwhile().then(async () => (await leaving.query(awaitConfirmed(slot, deadline.remainingMs)))[0]),
  ]);
  if (!beat?.arrived || !confirmed?.confirmed) {
    const missing = beat?.arrived ? 'was not confirmed to be stored there' : 'did not arrive';
    throw new SwitchFailed(
      `A marker that was written behind the last change ${missing} in time. See whether the subscription is running and how far it lags behind.`,
    );
  }
  return confirmed.position;
}
