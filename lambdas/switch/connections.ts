/** The connections of a switch, opened and warmed before anything is fenced: inside the fence every connection made would be downtime. Two of them hold its lease. */
import type { Session } from '../ports/database.ts';
import { createEndSessions, tryEndSessions } from './client-sessions.sql.ts';
import type { Parties } from './direction.ts';
import type { DeadMan } from './fence.ts';
import { lease } from './lease.ts';
import { createAwaitBeat, createAwaitConfirmed } from './waits.sql.ts';

export interface Connections {
  readonly leaving: Session;
  readonly arriving: Session;
  /** On the side being left: lifts the fence when its time is over, whatever has become of us. */
  readonly deadMan: DeadMan;
}

/** @throws TransientError where another visit holds the lease: one that was taken for dead may still be at work */
export async function openConnections({ leaving, arriving }: Pick<Parties, 'leaving' | 'arriving'>): Promise<Connections> {
  const opened: Session[] = [];
  const open = async (side: typeof leaving, tag: string): Promise<Session> => {
    const session = await side.session(tag);
    opened.push(session);
    return session;
  };
  try {
    const line = {
      leaving: await open(leaving, 'switch'),
      arriving: await open(arriving, 'switch'),
      deadMan: { lifts: await open(leaving, 'fence'), unblocks: await open(leaving, 'fence-locks') },
    };
    for (const session of [line.leaving, line.arriving]) {
      await lease(session, 'ask');
      await session.query(createEndSessions());
    }
    await line.leaving.query(tryEndSessions());
    await line.leaving.query(createAwaitConfirmed());
    await line.arriving.query(createAwaitBeat());
    return line;
  } catch (error) {
    for (const session of opened) session.leave();
    throw error;
  }
}

export async function closeConnections({ leaving, arriving, deadMan }: Connections): Promise<void> {
  for (const session of [deadMan.lifts, deadMan.unblocks]) session.leave(); // they may be asleep
  await Promise.all([leaving.end(), arriving.end()]);
}

/** Hangs up without a word, because nobody may answer. */
export function dropConnections({ leaving, arriving, deadMan }: Connections): void {
  for (const session of [leaving, arriving, deadMan.lifts, deadMan.unblocks]) session.leave();
}
