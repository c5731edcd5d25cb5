/** The port `lowLogin`: sessions on the target in which code of users may run. */
import pg from 'pg';
import { TransientError } from '../../config/errors.ts';
import { applicationName } from '../../config/names.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { LowLogin, LowSession } from '../../ports/database.ts';
import type { SessionKind } from '../../postgres/session-pins.sql.ts';
import { connect } from './connect.ts';
import { translate, type WholeWords } from './database-errors.ts';
import { type NamesItself, userAt } from './user-at.ts';

/** Less than any statement may take, so that a wait for a lock is distinguished from a slow statement. */
const LOCK_MS = 2_000;
const IDLE_MS = 60_000;
/** Code may catch the cancel and go on: after so much more time the connection is dropped. */
const GRACE_MS = 3_000;

/** @param side our own login on the target */
export function lowLoginPort(side: NamesItself & { readonly settings: ConnectionSettings }, step: string, log?: WholeWords): LowLogin {
  return {
    async open(user, password, limitMs) {
      const settings: ConnectionSettings = { ...side.settings, user: await userAt(user, side), password, currentLogin: undefined };
      const kind: SessionKind = { mode: 'read write', statement: limitMs, lock: LOCK_MS, idleInTransaction: IDLE_MS };
      const { client } = await connect(settings, applicationName(step, 'trial'), kind, log);
      return sessionOn(client, settings, limitMs + GRACE_MS, log);
    },
  };
}

function sessionOn(client: pg.Client, settings: ConnectionSettings, timeoutMs: number, log?: WholeWords): LowSession {
  let isLost = false;
  client.once('end', () => {
    isLost = true;
  });
  return {
    get isLost() {
      return isLost;
    },
    async query({ text, values }) {
      if (isLost) throw new TransientError('The session of the trial was lost. Whatever it had tried is taken back by the server.');
      const giveUp = setTimeout(() => {
        isLost = true;
        client.connection.stream.destroy();
      }, timeoutMs);
      try {
        return (await client.query({ text, values: [...values] })).rows;
      } catch (error) {
        // The server's FATAL error comes a moment before it closes the connection.
        isLost ||= !(error instanceof pg.DatabaseError) || error.severity === 'FATAL';
        throw translate(error, settings, log);
      } finally {
        clearTimeout(giveUp);
      }
    },
    async end() {
      const destroy = setTimeout(() => client.connection.stream.destroy(), GRACE_MS);
      await client.end().catch(() => {});
      clearTimeout(destroy);
    },
  };
}
