/** Whether the side switched from is the one that serves. All other checks run only then: otherwise they would mean nothing. */
import { CUTOVER } from '../../config/direction.ts';
import { servingSide } from '../../state/gates.ts';
import { lookForInterrupted } from '../../switch/recovery.ts';
import type { Finding } from '../finding.ts';
import type { SwitchCheck, SwitchCheckContext } from './context.ts';

export const serving: SwitchCheck = {
  name: 'which side serves the application',
  async find(ctx) {
    const { source, target, application, gates, direction } = ctx;
    const { interrupted } = await lookForInterrupted({ source, target, application });
    if (interrupted && !interrupted.onlyHookCallLeft) {
      const until =
        interrupted.fence && interrupted.fence.remainingMs > 0 ? ` Its fence has ${seconds(interrupted.fence.remainingMs)} left.` : '';
      return [
        {
          code: 'SwitchInterrupted',
          severity: 'blocker',
          objects: interrupted.left,
          message: `A switch to the ${interrupted.direction.to} was begun and is not over.${until}`,
          remedy: `Start Recovery, which ${interrupted.committed ? 'carries it to its end' : 'takes it back'}.`,
        },
      ];
    }
    return servingSide(gates) === direction.from ? [] : [servedElsewhere(ctx)];
  },
};

const seconds = (milliseconds: number): string => `${Math.ceil(milliseconds / 1000)} s`;

function servedElsewhere({ direction, gates }: SwitchCheckContext): Finding {
  const since = gates[direction.from]?.changedAt.toISOString();
  const base = { code: 'ServedElsewhere', severity: 'blocker', objects: [direction.to] } as const;
  return direction === CUTOVER
    ? {
        ...base,
        message: `The target serves the application already${since ? `, since ${since}` : ''}.`,
        remedy: 'There is nothing to switch over. Start Rollback if you want to go back to the source.',
      }
    : {
        ...base,
        message: `The source serves the application${since ? `, again since ${since}` : ''}.`,
        remedy: 'There is nothing to go back from. Start Cutover if you want to switch to the target.',
      };
}
