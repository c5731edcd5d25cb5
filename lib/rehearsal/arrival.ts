/** Everything that the source has committed is on the target: proved by a marker that was written last. */
import { randomBytes } from 'node:crypto';
import { beatOf, lockBeats, writeBeat } from '../../lambdas/sql/heartbeat.ts';
import { statement } from '../../lambdas/sql/quote.ts';
import { type BothSides, type Look, lookAtBoth } from './inventory/look.ts';
import type { Sides } from './sides.ts';

const LOOK_AGAIN_MS = 50;
const PATIENCE_MS = 120_000;

/** @returns false where the marker has not arrived after two minutes */
export async function everythingArrived(sides: Pick<Sides, 'source' | 'target'>): Promise<boolean> {
  const token = `rehearsal ${randomBytes(8).toString('hex')}`;
  return lookAtBoth(sides, async ({ source, target }: BothSides) => {
    for (const one of [statement('begin'), lockBeats(), writeBeat(token), statement('commit')]) await source(one);
    return hasArrived(target, token);
  });
}

async function hasArrived(target: Look, token: string): Promise<boolean> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; ) {
    if ((await target(beatOf(token))).length > 0) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return false;
}
