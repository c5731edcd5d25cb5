/** The session in which a dump is loaded: a failure in it undoes nothing else. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { isTransaction } from './kinds.ts';

/** warning_privilege_not_revoked, warning_privilege_not_granted: only an owner, or a member of one, may. */
const NOT_GRANTED = new Set(['01006', '01007']);

export class DumpSession {
  readonly #client: pg.Client;
  #wasNotGranted = false;

  constructor(source: ConnectionSettings) {
    this.#client = new pg.Client(clientConfig(source, 'rehearsal dump'));
    this.#client.on('error', () => {}); // shows at the next query
    this.#client.on('notice', ({ code }) => {
      if (NOT_GRANTED.has(code ?? '')) this.#wasNotGranted = true;
    });
  }

  open = (): Promise<unknown> => this.#client.connect();
  /** The server rolls back what failed after it has reported it, and holds locks until then. */
  async close(): Promise<void> {
    await this.#client.query('rollback').catch(() => {});
    await this.#client.end();
  }
  get isInTransaction(): boolean {
    return this.#client.getTransactionStatus() !== 'I';
  }

  /** Of a query, row by row. */
  async values(text: string): Promise<unknown[]> {
    return (await this.#client.query<unknown[]>({ text, rowMode: 'array' })).rows.flat();
  }

  /** @returns whether the server said nothing worse than a warning where rights of others were meant */
  async run(text: string): Promise<{ readonly wasNotGranted: boolean }> {
    this.#wasNotGranted = false;
    if (isTransaction(text)) await this.#client.query(text);
    else await this.#guarded(() => this.#client.query(text));
    return { wasNotGranted: this.#wasNotGranted };
  }

  async copy(text: string, data: AsyncIterable<Buffer>): Promise<void> {
    await pipeline(Readable.from(data, { objectMode: false }), this.#client.query(from(text)));
  }

  /** Asks with no rows, as data that was read once is not there for another try. @throws why it may not */
  tryCopy = (text: string): Promise<void> => this.#guarded(() => pipeline(Readable.from([]), this.#client.query(from(text))));

  /** Within a transaction a session sees what others did to roles when it takes a lock, and not before. */
  async hear(): Promise<void> {
    if (this.#client.getTransactionStatus() !== 'T') return;
    await this.#client.query('savepoint hearing; select from pg_catalog.pg_largeobject_metadata limit 0');
    await this.#client.query('rollback to savepoint hearing; release savepoint hearing');
  }

  async startAnew(): Promise<void> {
    if (this.isInTransaction) await this.#client.query('rollback');
    await this.#client.query('reset all');
  }

  /** Otherwise a statement that fails aborts the dump's own transaction. */
  async #guarded(work: () => Promise<unknown>): Promise<void> {
    if (this.#client.getTransactionStatus() !== 'T') return void (await work());
    await this.#client.query('savepoint rehearsal');
    try {
      await work();
      await this.#client.query('release savepoint rehearsal');
    } catch (error) {
      await this.#client.query('rollback to savepoint rehearsal; release savepoint rehearsal');
      throw error;
    }
  }
}
