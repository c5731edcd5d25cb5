/**
 * State `RotatePassword`: new passwords for the replication role. First a new root of both in the secret, which every step follows, then the
 * role on each side, then the subscription. The slot keeps whatever is written until the subscription is back, so nothing is lost, however
 * long it takes and wherever it is interrupted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CannotConnect } from '../config/errors.ts';
import type { Acting, Looking, Verdict } from '../engine/contract.ts';
import { refuseBesideOlder } from '../engine/single-execution.ts';
import { defineStep } from '../engine/step.ts';
import type { Database, Reader } from '../ports/database.ts';
import { asRoleMaker, lockRoles, setVerifier } from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { broken, SIDES_OF, slotTrouble } from '../replication/history.ts';
import { withAdvisoryLock } from '../replication/make-slot.ts';
import { isFlowing, isPassedOn, type Login, loginsOf, type PasswordHolder, passwordHoldersOf } from '../replication/password-holders.ts';
import { slotState } from '../replication/slots.sql.ts';
import { reconnect } from '../replication/subscribe.ts';

type Needs = 'executions' | 'source' | 'target' | 'replication' | 'replicationSecret';

interface Seen {
  readonly renewed: boolean;
  readonly logins: readonly Login[];
  readonly carriers: readonly PasswordHolder[];
  readonly waitedSeconds: number;
}

/** A worker that failed to log in tries again after five seconds (wal_retrieve_retry_interval), and on a busy server later. */
const TIMEOUT_SECONDS = 300;
/** A worker notices its new connection string within a second, unless it is applying a large transaction, which it is left to finish. */
const LONGEST_CHANGE_MS = 15_000;
const LOOK_AGAIN_MS = 50;

export const rotatePassword = defineStep({
  needs: ['executions', 'source', 'target', 'replication', 'replicationSecret'],
  interrupted: 'Secret, roles and stream may have different passwords for now; starting Rotation again makes them agree.',

  async inspect(ctx: Looking<Needs>): Promise<Seen> {
    await refuseBesideOlder(ctx.executions);
    return {
      renewed: await ctx.replicationSecret.isRenewedBy(ctx.execution),
      logins: await loginsOf<Reader>(ctx),
      carriers: await passwordHoldersOf<Reader>(ctx),
      waitedSeconds: ctx.waitedSeconds,
    };
  },

  judge({ renewed, logins, carriers, waitedSeconds }): Verdict {
    if (!renewed || logins.some(({ works }) => !works) || !carriers.every(isPassedOn)) return 'todo';
    const stopped = carriers.filter((carrier) => !isFlowing(carrier));
    if (stopped.length === 0) return 'done';
    for (const { name, stream, slot } of stopped) {
      const trouble = slotTrouble(name, stream, slot);
      if (trouble) throw broken(`The password is changed everywhere, but no session can read what is gone: ${trouble}`, stream);
    }
    if (waitedSeconds > TIMEOUT_SECONDS) throw notBack(stopped);
    return 'pending';
  },

  async act(ctx: Acting<Needs>) {
    const finished = await withAdvisoryLock(ctx.source, 'rotation', async () => {
      const { replication, replicationSecret, execution } = ctx;
      if (!(await replicationSecret.isRenewedBy(execution))) await replicationSecret.renew(execution);
      for (const { side, works } of await loginsOf<Database>(ctx)) {
        if (!works) await giveVerifier(ctx[side], replication.user, await replication.password(side));
      }
      for (const carrier of await passwordHoldersOf<Database>(ctx)) if (!isPassedOn(carrier)) await passOn(ctx, carrier);
      return true;
    });
    return finished ? undefined : 'pending';
  },

  evidence: ({ renewed, logins, carriers }) => ({
    renewed,
    roles: logins.map(({ side, works }) => ({ side, works })),
    streams: carriers.map((carrier) => ({
      subscription: carrier.name,
      on: SIDES_OF[carrier.stream].subscriber,
      hasPassword: isPassedOn(carrier),
      enabled: carrier.subscription.enabled,
      flows: carrier.slot?.active ?? false,
    })),
  }),
});

async function giveVerifier(side: Database, user: string, password: string): Promise<void> {
  await side.transaction(async (session) => {
    await session.query(lockRoles());
    await session.query(asRoleMaker(user));
    for (const statement of setVerifier(user, scramVerifier(password))) await session.query(statement);
  });
}

/** Waits until the worker has left the connection that it had made with the password before, so that the next look sees the new one. */
async function passOn(ctx: Acting<Needs>, { stream, name, connection, note, slot }: PasswordHolder): Promise<void> {
  const { publisher, subscriber } = SIDES_OF[stream];
  await reconnect(ctx[subscriber], name, connection, note);
  const until = Date.now() + Math.min(LONGEST_CHANGE_MS, ctx.remainingMs() / 2);
  let now = slot;
  while (slot?.active && now?.activePid === slot.activePid && Date.now() < until) {
    await sleep(LOOK_AGAIN_MS);
    [now] = await ctx[publisher].query(slotState(name));
  }
}

function notBack(stopped: readonly PasswordHolder[]): CannotConnect {
  const where = stopped.map(({ name, stream }) => `${name} on the ${SIDES_OF[stream].subscriber}`).join(', ');
  return new CannotConnect(
    `The password is changed everywhere, but no walsender has read the slot since: the subscription ${where} does not come back. Nothing is lost, ` +
      'because the slot keeps everything; the application goes on. The log of the subscribing server says why it is refused. Remove the ' +
      'cause, then start Rotation again.',
  );
}
