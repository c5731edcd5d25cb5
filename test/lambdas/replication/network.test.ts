/** A server that hangs while it connects, and does not heed its own limit: as one that waits for a name server. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CannotConnect, TransientError } from '../../../lambdas/config/errors.ts';
import type { Database, Session, Statement } from '../../../lambdas/ports/database.ts';
import type { Route } from '../../../lambdas/ports/replication.ts';
import { tryWay } from '../../../lambdas/replication/network.ts';

const PROCESS = 4711;
const LIMIT_MS = 2_000;

/** @param onSubscribe what becomes of the statement that connects */
function server(onSubscribe: () => Promise<never[]>) {
  const asked: Statement<unknown>[] = [];
  const left: string[] = [];
  let hangUp: (error: Error) => void = () => {};
  const query = async (statement: Statement<unknown>): Promise<unknown[]> => {
    asked.push(statement);
    if (statement.text.includes('pg_backend_pid')) return [{ pid: PROCESS }];
    if (!statement.values.some((value) => String(value).includes('create subscription'))) return [];
    return Promise.race([onSubscribe(), new Promise<never>((_, reject) => (hangUp = reject))]);
  };
  const session = {
    query,
    async script(text: string) {
      left.push(text);
    },
    end: async () => void left.push('end'),
    leave() {
      left.push('leave');
      hangUp(new TransientError('The connection failed: ECONNRESET.'));
    },
  } as unknown as Session;
  const database = { query, version: async () => 18, session: async () => session } as unknown as Database;
  return { database, asked, left };
}

const route: Route = { user: 'role', host: 'db.example.com', port: 5432, sslmode: 'require', channelBinding: true };
const connection = `host=db.example.com password='secret'`;

describe('the limit of a trial of the network', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('leaves a server that hangs, ends what hangs there, and says so', async () => {
    const publisher = server(async () => []);
    const subscriber = server(() => new Promise(() => {}));
    const trying = tryWay(
      { stream: 'forward', publisher: publisher.database, subscriber: subscriber.database, limitMs: LIMIT_MS },
      { route, connection },
    ).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(60_000);
    const error = await trying;
    expect(error).toBeInstanceOf(CannotConnect);
    expect((error as Error).message).toMatch(/db\.example\.com:5432 as role: no answer within the time limit.*Packets are dropped/);
    expect(subscriber.left).toEqual(['begin', 'leave', 'end']);
    expect(subscriber.asked.at(-1)).toMatchObject({ values: [PROCESS], text: expect.stringContaining('pg_cancel_backend') });
    expect(publisher.asked.at(-1)?.text).toContain('drop publication');
  });

  it('passes an error on that is not about the way, and still takes away what it made', async () => {
    const lost = new TransientError('The connection to the target failed: ECONNRESET.');
    const publisher = server(async () => []);
    const subscriber = server(() => Promise.reject(lost));
    await expect(
      tryWay(
        { stream: 'reverse', publisher: publisher.database, subscriber: subscriber.database, limitMs: LIMIT_MS },
        { route, connection },
      ),
    ).rejects.toBe(lost);
    expect(subscriber.left).toEqual(['begin', 'rollback', 'end']);
    expect(publisher.asked.at(-1)?.text).toContain('drop publication');
  });
});
