/** The application of a walk: a session at each side, kept until it is ended, as by a fence. It ignores what the database has by default. */
import pg from 'pg';
import type { SideName } from '../../lambdas/config/side-name.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../lambdas/postgres/sqlstates.ts';
import { applicationSession, IGNORING_THE_FENCE } from '../support/switchable.ts';
import type { World } from '../support/world.ts';

export class KeptSessions {
  readonly #world: World;
  readonly #table: string;
  readonly #sessions = new Map<SideName, pg.Client>();

  constructor(world: World, table: string) {
    this.#world = world;
    this.#table = table;
  }

  /** Whether the server took it, in the session that there is, or else in a new one: a role that is not let in cannot write. */
  async insert(side: SideName, token: string, end: 'commit' | 'rollback'): Promise<boolean> {
    const text = `begin; insert into ${this.#table} values ('${token}'); ${end}`;
    const kept = this.#sessions.get(side);
    if (kept) {
      try {
        await kept.query(text);
        return true;
      } catch {
        await this.#leave(side, kept); // a session that could write before says nothing about who is let in now
      }
    }
    try {
      const session = await applicationSession(this.#world, side, IGNORING_THE_FENCE);
      this.#sessions.set(side, session);
      await session.query(text);
      return true;
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === INSUFFICIENT_PRIVILEGE) return false;
      throw error;
    }
  }

  /** Leaves every session. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map(([side, session]) => this.#leave(side, session)));
  }

  async #leave(side: SideName, session: pg.Client): Promise<void> {
    this.#sessions.delete(side);
    await session.end().catch(() => {});
  }
}
