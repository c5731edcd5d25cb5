/**
 * The connections of a switch, opened and warmed before anything is fenced: inside the fence every connection made would be downtime. Two of
 * them hold its lease.
 */
import type { Session } from '../ports/database.ts';
import type { Parties } from '../replication/streams.ts';
import { createEndSessions, tryEndSessions } from './client-sessions.sql.ts';
import type { SwitchContext } from './context.ts';
import type { DeadMan } from './fence.ts';
import { lease, through } from './sessions.ts';
import { createAwaitConfirmed, createAwaitHeartbeat } from './waits.sql.ts';

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
    const connections = {
      from: await open(from, 'switch'),
      to: await open(to, 'switch'),
      deadMan: { lifts: await open(from, 'fence'), unblocks: await open(from, 'fence-locks') },
    };
    for (const session of [connections.from, connections.to]) {
      await lease(session, 'ask');
      await session.query(createEndSessions());
    }
    await connections.from.query(tryEndSessions());
    await connections.from.query(createAwaitConfirmed());
    await connections.to.query(createAwaitHeartbeat());
    return connections;
  } catch (error) {
    for (const session of opened) session.leave();
    throw error;
  }
}

/** The same switch, whose sides are changed through the sessions that hold its lease, and can not be changed without. */
export const heldBy = (connections: Connections, ctx: SwitchContext): SwitchContext => ({
  ...ctx,
  from: through(connections.from, ctx.from),
  to: through(connections.to, ctx.to),
});

export async function closeConnections({ from, to, deadMan }: Connections): Promise<void> {
  for (const session of [deadMan.lifts, deadMan.unblocks]) session.leave(); // they may be asleep
  await Promise.all([from.end(), to.end()]);
}

/** Hangs up without a word, because the servers may not answer. */
export function dropConnections({ from, to, deadMan }: Connections): void {
  for (const session of [from, to, deadMan.lifts, deadMan.unblocks]) session.leave();
}
