/** The connections of a switch, opened and warmed before anything is fenced: inside the fence every connection made would be downtime. Two of them hold its lease. */
import type { Session } from '../ports/database.ts';
import type { Parties } from '../replication/streams.ts';
import { createEndSessions, tryEndSessions } from './client-sessions.sql.ts';
import type { DeadMan } from './fence.ts';
import { lease } from './sessions.ts';
import { createAwaitBeat, createAwaitConfirmed } from './waits.sql.ts';

export interface Connections {
  readonly from: Session;
  readonly to: Session;
  /** On the side being left: lifts the fence when its time is over, whatever has become of us. */
  readonly deadMan: DeadMan;
}

/** @throws TransientError where another visit holds the lease: one that was taken for dead may still be at work */
export async function openConnections({ from, to }: Pick<Parties, 'from' | 'to'>): Promise<Connections> {
  const opened: Session[] = [];
  const open = async (side: typeof from, tag: string): Promise<Session> => {
    const session = await side.session(tag);
    opened.push(session);
    return session;
  };
  try {
    const line = {
      from: await open(from, 'switch'),
      to: await open(to, 'switch'),
      deadMan: { lifts: await open(from, 'fence'), unblocks: await open(from, 'fence-locks') },
    };
    for (const session of [line.from, line.to]) {
      await lease(session, 'ask');
      await session.query(createEndSessions());
    }
    await line.from.query(tryEndSessions());
    await line.from.query(createAwaitConfirmed());
    await line.to.query(createAwaitBeat());
    return line;
  } catch (error) {
    for (const session of opened) session.leave();
    throw error;
  }
}

export async function closeConnections({ from, to, deadMan }: Connections): Promise<void> {
  for (const session of [deadMan.lifts, deadMan.unblocks]) session.leave(); // they may be asleep
  await Promise.all([from.end(), to.end()]);
}

/** Hangs up without a word, because nobody may answer. */
export function dropConnections({ from, to, deadMan }: Connections): void {
  for (const session of [from, to, deadMan.lifts, deadMan.unblocks]) session.leave();
}
