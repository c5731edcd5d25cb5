/**
 * What the migration will take: sizes, writes, hours, disk, the fence, dollars. It only looks, and stands before CheckReadiness, which stops where something
 * is in the way: the forecast is to be seen then as well.
 */
import { defineStep } from '../engine/step.ts';
import type { Forecast } from '../forecast/forecast.ts';
import { foretell } from '../forecast/foretell.ts';

export const forecast = defineStep({
  // With `targetLogin` a target without a login keeps nothing from being told of the source.
  needs: ['source', 'target', 'targetLogin', 'concurrency'],
  async inspect({ source, target, concurrency, input, remainingMs, log }): Promise<Forecast> {
    const told = await foretell({ source, target, concurrency, input, remainingMs });
    for (const line of told.says) log.info(line);
    return told;
  },
  judge: () => 'done',
  evidence: (told) => told,
});
