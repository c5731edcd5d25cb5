/** What a restart of the target's cluster would disturb. */
import { atMost } from '../config/listing.ts';
import type { Reader } from '../ports/database.ts';
import { copyOn } from '../state/earlier-copy.ts';
import { lookAtGates, servingSide } from '../state/gates.ts';
import { sessionsOfOthers } from './serves.sql.ts';

const MOST_SHOWN = 5;

const counted = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`;

/** Others that are connected, each as words such as `2 sessions of billing`. */
export async function connectedTo(target: Reader): Promise<string[]> {
  const others = await target.query(sessionsOfOthers());
  return atMost(
    MOST_SHOWN,
    others.map(({ role, sessions }) => `${counted(sessions, 'session')} of ${role}`),
  );
}

export interface Disturbed {
  /** Whether the schema of this migration was copied: from then on a restart would break the copy or the stream. */
  readonly copyHasBegun: boolean;
  /** Others, each as words; empty where the cluster serves nobody. */
  readonly others: readonly string[];
}

export async function disturbedBy(target: Reader, source: Reader): Promise<Disturbed> {
  const served = servingSide(await lookAtGates(source, target)) === 'target';
  return {
    copyHasBegun: (await copyOn(target)) !== undefined,
    others: [...(served ? ['the application, which was switched to it'] : []), ...(await connectedTo(target))],
  };
}
