/** The proof that everything arrived: a marker written behind the last change, seen on the other side, and confirmed to be stored there. */
import { SwitchFailed } from '../config/errors.ts';
import type { Session } from '../ports/database.ts';
import { writeBeat } from '../state/heartbeat.sql.ts';
import type { Deadline } from './deadline.ts';
import { awaitBeat, awaitConfirmed, type Confirmed } from './waits.sql.ts';

/** What is left of the time for telling that it was too short. */
const ANSWERING_MS = 250;

/** The marker, and what goes with it. */
export interface Marker {
  readonly token: string;
  /** Done on the side being left, while the marker is on its way. */
  readonly meanwhile?: () => Promise<void>;
  /** Throws where the stream that was waited for is not the one it was; then nothing more is waited for. Any stream will do unless told. */
  readonly demandUnbroken?: (confirmed: Confirmed) => void;
}

/** @throws SwitchFailed where it did not arrive in time, and what `demandUnbroken` throws */
export async function bringEverythingOver(
  { from, to }: { readonly from: Session; readonly to: Session },
  slot: string,
  { token, meanwhile, demandUnbroken }: Marker,
  deadline: Deadline,
): Promise<Confirmed> {
  const patience = () => Math.max(0, deadline.remainingMs - ANSWERING_MS);
  const confirmation = async (): Promise<Confirmed | undefined> => {
    await meanwhile?.();
    const [confirmed] = await from.query(awaitConfirmed(slot, patience(), demandUnbroken !== undefined));
    if (confirmed) demandUnbroken?.(confirmed);
    return confirmed;
  };
  await from.query(writeBeat(token));
  const [[beat], confirmed] = await Promise.all([to.query(awaitBeat(token, patience())), confirmation()]);
  if (!beat?.arrived || !confirmed?.confirmed) {
    const missing = beat?.arrived ? 'was not confirmed to be stored there' : 'did not arrive';
    throw new SwitchFailed(
      `A marker that was written behind the last change ${missing} in time. See whether the subscription ${slot} is running and how far it ` +
        'lags behind; the log of the server that it runs on names what stops it.',
    );
  }
  return confirmed;
}
