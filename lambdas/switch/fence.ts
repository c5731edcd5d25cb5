/** The fence: from here until the commit point neither side takes the application's writes. */
import type { Database, Session } from '../contract.ts';
import { SwitchFailed } from '../errors.ts';
import { endSessions } from '../sql/client-sessions.ts';
import { closeGate, createGate, endLockHoldersWhileFenced, type Fence, fenceGate, liftFence } from '../sql/gates.ts';
import { createHeartbeat } from '../sql/heartbeat.ts';
import { actLater } from '../sql/sessions.ts';
import { namingLockHolders } from './locks.ts';

/** Whoever is alive lifts the fence by the deadline, and tells why. */
const LATER_SECONDS = 0.5;

/** A lock that is not ended within this is a superuser's, and goes when its transaction does. */
const ENDING_SECONDS = 600;

/** Two sessions on the side being left that need nobody: see {@link armDeadMan}. */
export interface DeadMan {
  readonly lifts: Session;
  readonly unblocks: Session;
}

/**
 * A dead man's switch: a statement goes on at the server when its client is gone, so this one sleeps for as long as the fence may last
 * and then lifts it, if this very attempt has neither committed nor lifted it. A second one ends those who hold a lock in its way by then. Only
 * a restart of the server takes both away too, and then `LiftFence` is left.
 */
export function armDeadMan({ lifts, unblocks }: DeadMan, { attempt, seconds }: Pick<Fence, 'attempt' | 'seconds'>): void {
  const time = seconds + LATER_SECONDS;
  const armed = [
    lifts.script(actLater(time, liftFence(attempt)).text),
    unblocks.script(actLater(time + LATER_SECONDS, endLockHoldersWhileFenced(attempt, ENDING_SECONDS)).text),
  ];
  for (const statement of armed) statement.catch(() => {}); // hung up on when all is over
}

/**
 * Read-only by default, nobody let in, and nobody left who knew it otherwise.
 * @throws SwitchFailed naming those who hold a lock in its way
 */
export async function raiseFence(side: Database, session: Session, fence: Fence): Promise<void> {
  await namingLockHolders(side, session.query(fenceGate(fence)));
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
