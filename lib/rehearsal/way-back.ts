/** What a rehearsal answers where a switch asks whether a stream back will do that cannot tell to whom it speaks. */
import type { Json } from '../../lambdas/contract.ts';
import { knowsPublisher } from '../../lambdas/replication/connection.ts';
import type { MachineName } from '../machines.ts';
import { versionOf } from './conclude.ts';
import type { Progress } from './progress.ts';
import type { Sides } from './sides.ts';

/** The input of a machine that switches. Both sides of a rehearsal are its own, or its user has read what the command does. */
export async function consentOf(name: MachineName, sides: Sides, progress: Pick<Progress, 'say'>): Promise<Readonly<Record<string, Json>>> {
  if (name !== 'Cutover') return {};
  const version = await versionOf(sides.source);
  if (knowsPublisher('require', version)) return {};
  progress.say(
    `Cutover gets {"reverse": true}: the stream back from version ${version} is encrypted but verifies nothing, which takes a consent of yours, too`,
  );
  return { reverse: true };
}
