/** Whether a switch may write into the application's secret. Asked before anything is copied, and again before each switch. */
import type { ApplicationView } from '../../ports/application.ts';
import type { Finding } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

export async function secretObstacles(application: ApplicationView): Promise<Finding[]> {
  const { secret } = application;
  if (secret === undefined) return [];
  return (await application.obstacles()).map(({ code, message, remedy }) => ({
    code,
    severity: 'blocker',
    message,
    remedy,
    objects: [secret],
  }));
}

export const applicationSecret: ReadinessCheck = {
  name: "the application's secret",
  find: async ({ application }) => secretObstacles(application),
};
