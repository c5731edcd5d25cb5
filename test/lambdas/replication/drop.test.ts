import { describe, expect, it } from 'vitest';
import { StatementFailed } from '../../../lambdas/config/errors.ts';
import type { Database } from '../../../lambdas/ports/database.ts';
import { dropBusySlot } from '../../../lambdas/replication/drop.ts';

const refused = (code: string) => new StatementFailed('refused', { code });

/** A publisher with one slot, which is read until its reader was ended, and then as often as is said; and what it was asked, in order. */
function publisherOf({ active = false, refusals = [] as readonly StatementFailed[] }) {
  const asked: string[] = [];
  let left = [...refusals];
  const query = async ({ text }: { readonly text: string }) => {
    const what = /pg_terminate_backend/.test(text) ? 'end' : /pg_drop_replication_slot/.test(text) ? 'drop' : 'look';
    asked.push(what);
    if (what === 'look') return [{ active: active || left.length > 0 }];
    const [refusal, ...others] = what === 'drop' ? left : [];
    if (refusal) {
      left = others;
      throw refusal;
    }
    return [];
  };
  return { side: { query } as unknown as Database, asked };
}

describe('a slot', () => {
  it('that is not read is dropped at once', async () => {
    const { side, asked } = publisherOf({});
    expect(await dropBusySlot(side, 'a slot')).toBeUndefined();
    expect(asked).toEqual(['look', 'drop']);
  });

  it('that is read is dropped once its reader has gone', async () => {
    const { side, asked } = publisherOf({ refusals: [refused('55006'), refused('55006')] });
    expect(await dropBusySlot(side, 'a slot')).toBeUndefined();
    expect(asked).toEqual(['look', 'end', 'drop', 'look', 'end', 'drop', 'look', 'drop']);
  });

  it('that another session drops meanwhile is gone', async () => {
    const { side } = publisherOf({ refusals: [refused('42704')] });
    expect(await dropBusySlot(side, 'a slot')).toBeUndefined();
  });

  it('that may not be dropped is told as the server tells it', async () => {
    const { side } = publisherOf({ refusals: [refused('42501')] });
    await expect(dropBusySlot(side, 'a slot')).rejects.toThrow('refused');
  });
});
