/** The connections of a switch, opened and warmed before anything is fenced: inside the fence every connection made would be downtime. */
import type { Session } from '../contract.ts';
import { createEndSessions, tryEndSessions } from '../sql/client-sessions.ts';
import { createAwaitBeat, createAwaitConfirmed } from '../sql/waits.ts';
import type { Parties } from './direction.ts';

export interface Line {
  readonly leaving: Session;
  readonly arriving: Session;
  /** On the side being left: lifts the fence when its time is over, whatever has become of us. */
  readonly deadMan: Session;
}

export async function openLine({ leaving, arriving }: Pick<Parties, 'leaving' | 'arriving'>): Promise<Line> {
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
      deadMan: await open(leaving, 'fence'),
    };
    for (const session of [line.leaving, line.arriving]) await session.query(createEndSessions());
    await line.leaving.query(tryEndSessions());
    await line.leaving.query(createAwaitConfirmed());
    await line.arriving.query(createAwaitBeat());
    return line;
  } catch (error) {
    for (const session of opened) session.leave();
    throw error;
  }
}

export async function closeLine({ leaving, arriving, deadMan }: Line): Promise<void> {
  deadMan.leave(); // it may be asleep
  await Promise.all([leaving.end(), arriving.end()]);
}

/** Hangs up without a word, because nobody may answer. */
export function dropLine({ leaving, arriving, deadMan }: Line): void {
  for (const session of [leaving, arriving, deadMan]) session.leave();
}
