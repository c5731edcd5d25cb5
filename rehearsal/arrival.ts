/** Everything that one side has committed is on the other: proved by a marker that was written last. */
import { randomBytes } from 'node:crypto';
import type { SideName } from '../lambdas/config/side-name.ts';
import { statement } from '../lambdas/postgres/quote.ts';
import { heartbeatOf, lockHeartbeats, writeHeartbeat } from '../lambdas/state/heartbeat.sql.ts';
import { otherSide } from './course.ts';
import { type BothSides, type Look, lookAtBoth } from './inventory/look.ts';
import type { Sides } from './sides.ts';

const LOOK_AGAIN_MS = 50;
const TIMEOUT_MS = 120_000;

/** @param serving the side that takes writes. @returns false where the marker has not arrived after two minutes */
export async function everythingArrived(sides: Pick<Sides, 'source' | 'target'>, serving: SideName): Promise<boolean> {
  const token = `rehearsal ${randomBytes(8).toString('hex')}`;
  return lookAtBoth(sides, async (both: BothSides) => {
    for (const one of [statement('begin'), lockHeartbeats(), writeHeartbeat(token), statement('commit')]) await both[serving](one);
    return hasArrived(both[otherSide(serving)], token);
  });
}

async function hasArrived(look: Look, token: string): Promise<boolean> {
  for (const deadline = performance.now() + TIMEOUT_MS; performance.now() < deadline; ) {
    if ((await look(heartbeatOf(token))).length > 0) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return false;
}
