/** A rehearsal's answer where a switch asks whether a stream back is acceptable that cannot verify the server it connects to. */
import { databasePort } from '../lambdas/adapters/postgres/database.ts';
import { routeToTarget } from '../lambdas/adapters/postgres/way-back.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';
import { knowsPublisher, whyUnknown } from '../lambdas/replication/connection.ts';
import { versionOf } from './conclude.ts';
import type { Progress } from './display/progress.ts';
import type { Sides } from './sides.ts';

/** The input of a machine that switches. Both sides of a rehearsal are its own, or its user has read what the command does. */
export async function consentOf(name: MachineName, sides: Sides, progress: Pick<Progress, 'say'>): Promise<Readonly<Record<string, Json>>> {
  if (name !== 'Cutover') return {};
  const version = await versionOf(sides.source);
  const port = databasePort(sides.target, 'rehearsal');
  try {
    const target = { settings: sides.target, looking: port.looking, offersChannelBinding: () => port.offersChannelBinding() };
    const route = await routeToTarget(version, target, sides.wayBack);
    if (knowsPublisher(route, version)) return {};
    progress.say(
      `Cutover gets {"reverse": true}: the stream back is encrypted, but ${whyUnknown(route, version)}, which takes a consent of yours, too`,
    );
    return { reverse: true };
  } finally {
    await port.close();
  }
}
