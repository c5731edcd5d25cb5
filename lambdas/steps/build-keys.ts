/**
 * Builds the keys that a copy in parts has left for after it: primary keys, and what replica identities use, those of partitioned tables included.
 * Without them the stream could change no row. Where rows are copied by the subscription, CopySchema has made them, and there is nothing to do.
 */
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { isKeyKind } from '../schema/dump/kinds.ts';
import { carryOutAll } from '../schema/post-data/carry-out.ts';
import { keysFailed } from '../schema/post-data/failures.ts';
import type { StatementStatus } from '../schema/post-data/order.ts';
import { countsOf, failuresOf, hasEnded, logWholeWords, standings } from '../schema/post-data/standings.ts';
import { copyPlanExists } from '../state/copy-plan.sql.ts';

const NAME = 'BuildKeys';

interface Seen {
  readonly parts: boolean;
  readonly keys: readonly StatementStatus[];
}

export const buildKeys = defineStep({
  needs: ['target'],
  interrupted: 'Each key is made by itself: what was finished stays, and the rest is open.',

  async inspect(ctx: Looking<'target'>): Promise<Seen> {
    const [plan] = await ctx.target.query(copyPlanExists());
    if (!plan?.exists) return { parts: false, keys: [] };
    const keys = ((await standings(ctx, NAME)) ?? []).filter(({ kind }) => isKeyKind(kind));
    if (keys.every(hasEnded)) logWholeWords(ctx, keys);
    return { parts: true, keys };
  },

  judge({ keys }) {
    if (keys.some(({ state }) => state === 'open')) return 'todo';
    if (keys.some(({ state }) => state === 'running')) return 'pending';
    const failed = keys.filter(({ state }) => state === 'failed');
    if (failed.length > 0) throw keysFailed(failed);
    return 'done';
  },

  async act(ctx: Acting<'target'>): Promise<'pending'> {
    await carryOutAll(ctx, { builder: NAME }, ({ kind }) => isKeyKind(kind));
    return 'pending';
  },

  evidence: ({ parts, keys }) => ({ way: parts ? 'parts' : 'stream', kinds: countsOf(keys), failures: failuresOf(keys) }),
});
