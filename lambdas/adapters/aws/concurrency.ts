/** The port `concurrency` over Lambda. */
import { GetAccountSettingsCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { InvalidConfiguration } from '../../config/errors.ts';
import type { Concurrency } from '../../ports/concurrency.ts';
import type { Log } from '../../ports/log.ts';
import { translateCommon } from './aws-errors.ts';

const ACTION = { action: 'lambda:GetAccountSettings', resource: 'the account' };

/** @param log is told where AWS denies the call: then the limit is not known, and nothing fails for that */
export function concurrencyPort(client: LambdaClient, log?: Pick<Log, 'warn'>): Concurrency {
  return {
    async limit() {
      try {
        const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
        return AccountLimit?.UnreservedConcurrentExecutions ?? AccountLimit?.ConcurrentExecutions;
      } catch (error) {
        const common = translateCommon(error, ACTION);
        if (!(common instanceof InvalidConfiguration)) throw common ?? error;
        log?.warn('The number of functions that the account may run at a time is not known.', { reason: common.message });
        return undefined;
      }
    },
  };
}
