/**
 * What a switch will do at the target, done there before anything is copied and taken back at once: with the switch's own statements, since
 * catalogs tell what PostgreSQL allows, and not what PlanetScale's `postgres` may really do. Refused on the day of the switch, it would have
 * cost weeks of copying.
 */
import { NotReady, StatementFailed } from '../config/errors.ts';
import { REPLICATION_ROLE } from '../config/names.ts';
import { newPassword } from '../config/secrets.ts';
import type { Database, Session } from '../ports/database.ts';
import { loginAtTarget, rightsOn } from '../postgres/rights.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { withCode } from '../postgres/server-words.ts';
import { streamSettings } from '../postgres/session-pins.sql.ts';
import { setStatementTimeout } from '../postgres/sessions.sql.ts';
import { QUERY_CANCELED } from '../postgres/sqlstates.ts';
import { makeReplicationRole } from '../replication/publisher.ts';
import { createGate, tryFence } from '../state/gates.sql.ts';
import { createHeartbeat } from '../state/heartbeat.sql.ts';
import { tryTemporarySlot } from './trial-slot.sql.ts';

interface Trial {
  /** What is tried, as the end of a sentence. */
  readonly what: string;
  /** Whether nothing but the way back needs it. */
  readonly wayBackOnly: boolean;
  carryOut(target: Database): Promise<void>;
}

const TRIALS: readonly Trial[] = [
  {
    what: 'make the database read-only by default and take CONNECT on it from all other roles (alter database, revoke, grant)',
    wayBackOnly: false,
    carryOut: (target) =>
      rolledBack(target, async (session) => {
        for (const statement of [createHeartbeat(), createGate(), tryFence()]) await session.query(statement);
      }),
  },
  {
    what: `make the role ${REPLICATION_ROLE} with REPLICATION and settings of its own (create role, alter role)`,
    wayBackOnly: true,
    async carryOut(target) {
      const settings = streamSettings(await target.version());
      const role = { user: REPLICATION_ROLE, verifier: scramVerifier(newPassword()), settings, database: target.endpoint.database };
      await rolledBack(target, (session) => makeReplicationRole(session, role));
    },
  },
  { what: 'make a replication slot', wayBackOnly: true, carryOut: makeAndDropSlot },
];

/** By which a trial ends that met no refusal. */
class Tried extends Error {}

async function rolledBack(target: Database, work: (session: Pick<Session, 'query'>) => Promise<void>): Promise<void> {
  const tried = new Tried();
  await target
    .transaction(async (session) => {
      await work(session);
      throw tried;
    })
    .catch((error: unknown) => {
      if (error !== tried) throw error;
    });
}

const LONGEST_SLOT_MS = 10_000;

/** A slot cannot be rolled back, but a temporary one goes with its session. Where it waits for open transactions, the right was there already. */
async function makeAndDropSlot(target: Database): Promise<void> {
  const session = await target.session('trial');
  try {
    await session.query(setStatementTimeout(LONGEST_SLOT_MS));
    await session.query(tryTemporarySlot());
  } catch (error) {
    if (!(error instanceof StatementFailed && error.complaint.code === QUERY_CANCELED)) throw error;
  } finally {
    await session.end();
  }
}

/** @throws NotReady naming everything that was refused, with the server's words, the role and the remedy */
export async function trySwitch(target: Database, wantsWayBack: boolean): Promise<void> {
  const refused: { readonly trial: Trial; readonly words: string }[] = [];
  for (const trial of TRIALS) {
    if (trial.wayBackOnly && !wantsWayBack) continue;
    try {
      await trial.carryOut(target);
    } catch (error) {
      if (!(error instanceof StatementFailed)) throw error;
      refused.push({ trial, words: withCode(error.message, error.complaint.code) });
    }
  }
  if (refused.length === 0) return;
  const rights = await rightsOn(target);
  const refusals = refused.map(({ trial, words }) => `${trial.what}: ${words}`).join('; ');
  const without = refused.every(({ trial }) => trial.wayBackOnly)
    ? ' Or start with {"reverse": false}, and switch with it, without a way back.'
    : '';
  throw new NotReady(
    `The target does not let ${rights.role} do what a switch will have to do: ${refusals}. That was tried in transactions that were rolled back; ` +
      `nothing was changed on the target, and nothing was copied. ${loginAtTarget(rights)}${without} Then start again.`,
  );
}
