/** Whether the application will follow the switch. */
import { CUTOVER } from '../../config/direction.ts';
import { InvalidConfiguration } from '../../config/errors.ts';
import type { Finding } from '../finding.ts';
import { secretObstacles } from '../readiness/application.ts';
import type { SwitchCheck, SwitchCheckContext } from './context.ts';

export const application: SwitchCheck = {
  name: "the application's secret",
  async find(ctx) {
    const { secret } = ctx.application;
    if (secret === undefined) return [byHand(ctx)];
    try {
      const obstacles = await secretObstacles(ctx.application);
      const leadsTo = await ctx.application.pointsAt();
      return leadsTo === ctx.direction.from ? obstacles : [...obstacles, astray(ctx, secret, leadsTo ?? 'nowhere')];
    } catch (error) {
      if (!(error instanceof InvalidConfiguration)) throw error;
      return [
        {
          code: 'ApplicationSecretUnusable',
          severity: 'blocker',
          objects: [secret],
          message: `The application's secret cannot be used as it is: ${error.message}`,
          remedy: 'Correct it, or deploy without applicationSecretArn and change the connection of the application yourself.',
        },
      ];
    }
  },
};

function byHand({ to }: SwitchCheckContext): Finding {
  const { host, port, database } = to.reader.endpoint;
  return {
    code: 'NoApplicationSecret',
    severity: 'warning',
    objects: [`${host}:${port}/${database}`],
    message: 'No secret of the application is configured, so the switch shuts the application out and does not tell it where to go.',
    remedy: `Be ready to point it at ${host}:${port}, database ${database}, as soon as the execution says that the switch is made.`,
  };
}

/** A warning for a rollback, which writes the secret anyway and must not be stopped by it. */
const astray = ({ direction }: SwitchCheckContext, secret: string, leadsTo: string): Finding => ({
  code: 'ApplicationSecretElsewhere',
  severity: direction === CUTOVER ? 'blocker' : 'warning',
  objects: [`${secret} (leads to: ${leadsTo})`],
  message: `The application's secret does not lead to the ${direction.from}, which serves. An application that reads it writes elsewhere, or nowhere.`,
  remedy: `Find out who changed it, and put back the value that leads to the ${direction.from}.`,
});
