/** The proof that everything arrived: a marker written behind the last change, seen on the other side, and confirmed to be stored there. */
import type { Session } from '../contract.ts';
import { SwitchFailed } from '../errors.ts';
import { writeBeat } from '../sql/heartbeat.ts';
import { awaitBeat, awaitConfirmed, type Confirmed } from '../sql/waits.ts';
import type { Deadline } from './deadline.ts';

/** What is left of the time for telling that it was too short. */
const ANSWERING_MS = 250;

export async function bringEverythingOver(
  { leaving, arriving }: { readonly leaving: Session; readonly arriving: Session },
  slot: string,
  token: string,
  deadline: Deadline,
  meanwhile: () => Promise<void>,
): Promise<Confirmed> {
  const patience = () => Math.max(0, deadline.remainingMs - ANSWERING_MS);
  await leaving.query(writeBeat(token));
  const arrival = arriving.query(awaitBeat(token, patience()));
  const [[beat], confirmed] = await Promise.all([
    arrival,
    meanwhile().then(async () => (await leaving.query(awaitConfirmed(slot, patience())))[0]),
  ]);
  if (!beat?.arrived || !confirmed?.confirmed) {
    const missing = beat?.arrived ? 'was not confirmed to be stored there' : 'did not arrive';
    throw new SwitchFailed(
      `A marker that was written behind the last change ${missing} in time. See whether the subscription ${slot} is running and how far it ` +
        'lags behind; the log of the server that it runs on names what stops it.',
    );
  }
  return confirmed;
}
