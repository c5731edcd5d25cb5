/** The fence: from here until the commit point neither side takes the application's writes. */
import type { Database, Session } from '../contract.ts';
import { SwitchFailed } from '../errors.ts';
import { endSessions } from '../sql/client-sessions.ts';
import { closeGate, createGate, type Fence, fenceGate, liftFence } from '../sql/gates.ts';
import { createHeartbeat } from '../sql/heartbeat.ts';
import { actLater } from '../sql/sessions.ts';

/** Whoever is alive lifts the fence by the deadline, and tells why. */
const LATER_SECONDS = 0.5;

/**
 * A dead man's switch: a statement goes on at the server when its client is gone, so this one sleeps for as long as the fence may last
 * and then lifts it, if this very attempt has neither committed nor lifted it. Only a restart of the server takes it away too, and then
 * `LiftFence` is left.
 */
export function armDeadMan(session: Session, { attempt, seconds }: Fence): void {
  const armed = session.script(actLater(seconds + LATER_SECONDS, liftFence(attempt)).text);
  armed.catch(() => {}); // hung up on when all is over
}

/** Read-only by default, nobody let in, and nobody left who knew it otherwise. */
export async function raiseFence(session: Session, fence: Fence): Promise<void> {
  await session.query(fenceGate(fence));
}

/** @throws SwitchFailed naming whoever cannot be ended, and prepared transactions that somebody might still commit */
export async function endEverybody(session: Session, patienceMs: number): Promise<void> {
  const [ended] = await session.query(endSessions(patienceMs));
  if (!ended || ended.leftOver.length > 0) {
    throw new SwitchFailed(
      `These sessions could not be ended: ${ended?.leftOver.join(', ')}. End them, or let pg_signal_backend be granted.`,
    );
  }
  if (ended.prepared > 0) {
    throw new SwitchFailed(`There are ${ended.prepared} prepared transactions. Commit them or roll them back.`);
  }
}

const LONGEST_SHUTTING_MS = 5_000;

/** The side that is arrived at takes no writes until it is switched to, whoever may know its address. Its gate is never seen open. */
export async function shutArriving(arriving: Database, session: Session): Promise<void> {
  await arriving.transaction(async (transaction) => {
    for (const statement of [createHeartbeat(), createGate(), closeGate()]) await transaction.query(statement);
  });
  await endEverybody(session, LONGEST_SHUTTING_MS);
}
