/** The fence: from here until the commit point neither side takes the application's writes. */
import { StatementFailed, SwitchFailed } from '../config/errors.ts';
import type { MigrationInput } from '../config/input.ts';
import type { Database, Session } from '../ports/database.ts';
import { actLater } from '../postgres/sessions.sql.ts';
import { OBJECT_NOT_IN_PREREQUISITE_STATE } from '../postgres/sqlstates.ts';
import { endLockHoldersWhileFenced, type Fence, fenceGate, liftFence } from '../state/gates.sql.ts';
import { type EndedSessions, endSessions } from './client-sessions.sql.ts';
import type { SwitchContext } from './context.ts';
import { namingLockHolders } from './sessions.ts';

/** A function that is alive lifts the fence by the deadline, and tells why. */
const LATER_SECONDS = 0.5;

/** A lock that is not ended within this is a superuser's, and goes when its transaction does. */
const ENDING_SECONDS = 600;

/** Two sessions on the side being left that work without a client: see {@link armDeadMan}. */
export interface DeadMan {
  readonly lifts: Session;
  readonly unblocks: Session;
}

/**
 * A dead man's switch: a statement goes on at the server when its client is gone, so this one sleeps for as long as the fence may last
 * and then lifts it, if this very attempt has neither committed nor lifted it. A second one ends the sessions that hold a lock in its way by then. Only
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

/** By which our own gate says no (`state/gates.sql.ts`): its words are ours, and no refusal of the server's. */
const GATE_SAYS_NO = OBJECT_NOT_IN_PREREQUISITE_STATE;

/**
 * Read-only by default, and no role but ours let in.
 * @throws SwitchFailed with what the gate says, or naming the sessions that hold a lock in its way
 */
export async function raiseFence(side: Database, session: Session, fence: Fence): Promise<void> {
  await namingLockHolders(side, session.query(fenceGate(fence))).catch((error: unknown) => {
    if (!(error instanceof StatementFailed) || error.complaint.code !== GATE_SAYS_NO) throw error;
    throw new SwitchFailed(`${error.message}.`, { cause: error });
  });
}

/** What a switch tells the function that ends sessions. */
export type Fenced = Pick<SwitchContext, 'current' | 'next'> & { readonly input: Pick<MigrationInput, 'harmlessRoles'> };

/** No session is left that knew the database without its fence. @throws SwitchFailed naming those that cannot be ended, or could still write */
export async function endClientSessions(session: Session, timeoutMs: number, { current, next, input }: Fenced): Promise<void> {
  const spared = { streams: [current, next], harmlessRoles: input.harmlessRoles };
  const [ended] = await session.query(endSessions(timeoutMs, spared));
  if (!ended) throw new SwitchFailed('The server did not say which sessions could still write. Start again.');
  const faults = WRITERS.flatMap(([list, fault]) => (ended[list].length > 0 ? [fault(ended[list].join(', '))] : []));
  if (faults.length > 0) throw new SwitchFailed(faults.join(' '));
}

/** What each kind of writer that a fence does not stop means, with its remedy. */
const WRITERS: readonly (readonly [keyof EndedSessions, (who: string) => string])[] = [
  ['leftOver', (who) => `These sessions could not be ended: ${who}. End them, or let pg_signal_backend be granted.`],
  ['writing', (who) => `These sessions are not ours to end, and have written without committing yet: ${who}. Have them ended.`],
  ['prepared', (who) => `There are prepared transactions, which another session may still commit: ${who}. Commit them or roll them back.`],
  [
    'letIn',
    (who) =>
      `These roles can connect although the database is shut: ${who}. Take from them the rights of our role, or name them in harmlessRoles ` +
      'if they write nothing.',
  ],
  ['subscribed', (who) => `These subscriptions of others write into the database: ${who}. Disable them (alter subscription … disable).`],
];
