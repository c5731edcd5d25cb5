import { describe, expect, it } from 'vitest';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { awaitLsn } from '../../../lambdas/replication/lsn-wait.ts';
import type { Confirmation } from '../../../lambdas/replication/slots.sql.ts';

/** A publisher whose WAL ends at 0/5, and what its slot says, look for look; the last answer is repeated. */
function publisherOf(...answers: readonly (Confirmation | undefined)[]): { readonly reader: Reader; readonly asked: readonly unknown[][] } {
  const asked: unknown[][] = [];
  const query = async ({ values = [] }: { readonly values?: readonly unknown[] }) => {
    if (values.length === 0) return [{ position: '0/5' }];
    asked.push([...values]);
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    return answer ? [answer] : [];
  };
  return { reader: { query } as unknown as Reader, asked };
}

const BEHIND = { past: false, lagBytes: 7 };
const PAST = { past: true, lagBytes: 0 };
const QUICK = { timeoutMs: 5_000, everyMs: 1 };

describe('a wait for the end of the WAL', () => {
  it('asks the slot for the position where the WAL ended in the beginning, until it is confirmed', async () => {
    const { reader, asked } = publisherOf(BEHIND, BEHIND, PAST);
    expect((await awaitLsn(reader, 'a slot', QUICK)).seen).toEqual(PAST);
    expect(asked).toEqual(Array.from({ length: 3 }, () => ['a slot', '0/5']));
  });

  it('that is over before it began has looked once', async () => {
    const { reader, asked } = publisherOf(BEHIND);
    expect((await awaitLsn(reader, 'a slot', { ...QUICK, timeoutMs: 0 })).seen).toEqual(BEHIND);
    expect(asked).toHaveLength(1);
  });

  it('goes on without a slot until its time is over', async () => {
    const { reader, asked } = publisherOf(undefined);
    expect((await awaitLsn(reader, 'a slot', { ...QUICK, timeoutMs: 20 })).seen).toBeUndefined();
    expect(asked.length).toBeGreaterThan(1);
  });

  it('ends with the look that its caller takes for the last', async () => {
    const { reader, asked } = publisherOf(undefined, BEHIND);
    expect((await awaitLsn(reader, 'a slot', { ...QUICK, isOver: (seen) => seen !== undefined })).seen).toEqual(BEHIND);
    expect(asked).toHaveLength(2);
  });
});
